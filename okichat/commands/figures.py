"""`python -m okichat recount`: the figures of finished days, anew."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from okichat.web.parts import current_parts


@click.command("recount")
@with_appcontext
def recount_command() -> None:
    """Count the figures of all finished days again.

    E.g. after changing the database by hand."""
    click.echo(f"{current_parts().summary.rebuild()} days counted.")
