"""`python -m okichat migrate` and `python -m okichat purge`: the form of the database, and what it need not keep."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.storage import schema
from okichat.web.parts import current_parts


@click.command("migrate")
@with_appcontext
def migrate_command() -> None:
    """Bring the database to the form that this version needs.

    On Postgres the release phase runs it."""
    schema.migrate(current_parts().store)
    click.echo("The database is up to date.")


@click.command("purge")
@with_appcontext
def purge_command() -> None:
    """Erase now what has been kept long enough.

    That is what visitors wrote longer ago than OKICHAT_RETENTION_DAYS. The running app does so by itself."""
    erased = current_parts().retention.purge()
    click.echo(f"{erased} questions and messages erased.")
