"""What the operator can ask for on the command line: `flask okichat …`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup

from okichat.answer import last_answer
from okichat.errors import KnowledgeError, Refusal, SettingsError, StoreUnavailable
from okichat.question import Question
from okichat.storage import schema
from okichat.web.parts import current_parts


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
        self._add_larger_ones()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The one with this name."""
        self._add_larger_ones()
        return super().get_command(ctx, cmd_name)

    def _add_larger_ones(self) -> None:
        from okichat.commands import larger  # the app that serves needs none of them

        for command in larger.COMMANDS:
            self.add_command(command)


commands = _Commands("okichat", help="Look after this Okichat.", context_settings={"max_content_width": 140})


@commands.command()
def migrate() -> None:
    """Bring the database to the form that this version needs. On Postgres the release phase runs it."""
    schema.migrate(current_parts().store)
    click.echo("The database is up to date.")


@commands.command()
@click.argument("question")
@click.option(
    "--lang", default="fr", type=click.Choice(["fr", "en"]), help="Language where the question does not tell."
)
def ask(question: str, lang: str) -> None:
    """Answer QUESTION as a visitor would be answered, and say how."""
    try:
        answer = last_answer(current_parts().assistant.answer(Question.from_text(question, locale=lang)))
    except Refusal as refusal:
        raise click.ClickException(f"refused: {refusal.code}") from refusal
    click.echo(answer.text)
    passed = ", ".join(f"{p.source} passed ({p.reason})" for p in answer.passed)
    cost = f"{answer.usage.tokens} tokens, ${answer.usage.cost_usd:.6f}" if answer.usage else "free"
    about = ", ".join(answer.topics) or "no topic"
    click.secho(f"\n{answer.answered_by} · {about} · confidence {answer.confidence:.2f} · {cost} · {passed}", dim=True)


@commands.command()
@click.option("--test", is_flag=True, help="Send a test through every channel that is set.")
def alert(test: bool) -> None:
    """The last alerts; with --test, whether alerts arrive."""
    alerts = current_parts().alerts
    if not test:
        for given in alerts.newest(20):
            click.echo(f"{given.raised_at:%Y-%m-%d %H:%M} UTC  {given.kind} {given.subject}".rstrip())
        return
    tried = alerts.try_out()
    if not tried:
        raise click.ClickException(
            "no channel is set: OKICHAT_ALERT_WEBHOOK, or OKICHAT_SMTP_URL and OKICHAT_CONTACT_TO"
        )
    for channel, failure in tried:
        click.echo(f"{channel}: {f'failed ({failure})' if failure else 'sent'}")
    if all(failure for _, failure in tried):
        raise click.ClickException("no alert would arrive")


@commands.command()
def purge() -> None:
    """Erase now what visitors wrote longer ago than OKICHAT_RETENTION_DAYS; the running app does so by itself."""
    erased = current_parts().retention.purge()
    click.echo(f"{erased} questions and messages erased.")
