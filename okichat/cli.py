"""What the operator can ask for on the command line: `flask okichat …`."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from okichat.answer import last_answer
from okichat.errors import Refusal, StoreUnavailable
from okichat.question import Question
from okichat.storage import schema
from okichat.web.parts import current_parts

commands = AppGroup("okichat", help="Look after this Okichat.")


@commands.command()
def migrate() -> None:
    """Bring the database to the form that this version needs. On Postgres the release phase runs it."""
    try:
        schema.migrate(current_parts().store)
    except StoreUnavailable as error:
        raise click.ClickException(f"the database of DATABASE_URL cannot be used: {error}") from error
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
@click.option("--verify", is_flag=True, help="Add up the whole ledger and compare it with the running totals.")
@click.option(
    "--correct", "correct_usd", type=float, metavar="DOLLARS", help="Add to what the month has spent, or take from it."
)
@click.option("--why", help="The reason of a correction; it is kept with it.")
def usage(verify: bool, correct_usd: float | None, why: str | None) -> None:
    """What GPT has cost this month."""
    budget = current_parts().budget
    if correct_usd is not None:
        if not why:
            raise click.UsageError("a correction needs --why")
        budget.correct(round(correct_usd * 1_000_000), why)
    if verify and (differences := budget.verify()):
        raise click.ClickException("the ledger does not add up:\n" + "\n".join(differences))
    month = budget.month()
    rows = [
        ("budget", month.budget_microusd),
        ("spent", month.spent_microusd),
        ("reserved", month.reserved_microusd),
        ("left", month.left_microusd),
    ]
    click.echo(f"{month.month} (next month begins {month.resets_at:%Y-%m-%d %H:%M %Z})")
    for name, microusd in rows:
        click.echo(f"{name:>10} {microusd / 1_000_000:>12.6f} $")
    if month.ends_on:
        click.echo(f"At this pace the budget ends on {month.ends_on:%Y-%m-%d}.")
    if verify:
        click.echo("The ledger adds up.")
