"""What the operator can ask for on the command line: `flask okichat …`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click
from flask.cli import AppGroup

from okichat.answer import last_answer
from okichat.commands.answers import evaluate_command, parity_command
from okichat.commands.knowledge import knowledge
from okichat.errors import Refusal, StoreUnavailable
from okichat.money.forecast import ASSUMED_ANSWER_TOKENS, conversation_usd, monthly_table, recent_use
from okichat.money.prices import price_of, warnings
from okichat.question import Question
from okichat.sources.prompt_size import QUESTIONS_A_CONVERSATION, conversation_tokens
from okichat.storage import schema
from okichat.web.parts import current_parts

commands = AppGroup("okichat", help="Look after this Okichat.")
commands.add_command(evaluate_command)
commands.add_command(parity_command)
commands.add_command(knowledge)


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


@commands.command()
def estimate() -> None:
    """What 500, 2,000 and 5,000 conversations a month would cost with these settings."""
    parts = current_parts()
    settings = parts.settings
    price = price_of(settings.openai_model, settings)
    if price is None:
        raise click.ClickException(
            "\n".join(warnings(replace(settings, openai_api_key="any"), parts.clock.now().date()))
        )
    use = recent_use(parts.store, parts.clock.now() - timedelta(days=30))
    answer_tokens = use.answer_tokens or ASSUMED_ANSWER_TOKENS
    prompts = conversation_tokens(parts.library, parts.search, parts.prompt, settings.locale, answer_tokens)
    answers = QUESTIONS_A_CONVERSATION * answer_tokens
    each_usd = conversation_usd(price, prompts, answers, use.hit_rate or 0.0)
    measured, assumed = (
        f"over {use.answers} answers of the last 30 days",
        "assumed: too few answers in the last 30 days",
    )
    click.echo(
        f"{settings.openai_model}: ${price.input_usd:g} in and ${price.output_usd:g} out per million tokens ({price.version})\n"
        f"A conversation of {QUESTIONS_A_CONVERSATION} questions: {prompts:.0f} tokens in, {answers} out, ${each_usd:.6f}.\n"
        f"Tokens in: the real prompts for the example questions of the knowledge, history included, at 4 bytes a token.\n"
        f"Tokens out: {answer_tokens} an answer, {measured if use.answer_tokens else assumed}.\n"
        f"From the cache: {use.hit_rate or 0:.0%}, {assumed if use.hit_rate is None else measured}.\n"
    )
    click.echo(f"{'conversations a month':>21} {'dollars':>9} {'reference':>10}")
    for line in monthly_table(each_usd):
        click.echo(f"{line.conversations:>21} {line.dollars:>9.2f} {line.reference_usd:>10.2f}")


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
