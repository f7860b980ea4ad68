"""What the operator can ask for on the command line: `python -m okichat …`, which is `flask okichat …`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup

from okichat.errors import KnowledgeError, SettingsError, StoreUnavailable


@contextmanager
def mistakes_as_sentences() -> Iterator[None]:
    """What an operator can mend ends a command with its sentences, not with a traceback."""
    try:
        yield
    except (SettingsError, KnowledgeError) as error:
        raise click.ClickException(str(error)) from error
    except StoreUnavailable as error:
        raise click.ClickException(f"the database of DATABASE_URL cannot be used: {error}") from error


@contextmanager
def mistakes_under_flask() -> Iterator[None]:
    """The same where Flask's command line makes the app, before it looks for a command of ours."""
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        yield
        return
    with mistakes_as_sentences():
        yield


class _Commands(AppGroup):
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        with mistakes_as_sentences():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all."""
        self._add_all()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The one with this name."""
        self._add_all()
        return super().get_command(ctx, cmd_name)

    def _add_all(self) -> None:
        from okichat.commands import every  # the app that serves needs none of them

        for command in every.COMMANDS:
            self.add_command(command)


commands = _Commands("okichat", help="Look after this Okichat.", context_settings={"max_content_width": 140})
