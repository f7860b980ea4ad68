"""`python -m okichat usage` and `python -m okichat estimate`: what GPT has cost and will cost."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from okichat.money.budget import Budget
from okichat.money.forecast import ASSUMED_ANSWER_TOKENS, conversation_usd, monthly_table, recent_use
from okichat.money.past import ModelMonth, past_months
from okichat.money.prices import price_of, warnings
from okichat.sources.prompt_size import QUESTIONS_A_CONVERSATION, conversation_tokens
from okichat.web.parts import current_parts

_COLUMNS = ("month", "model", "calls", "input_tokens", "cached_input_tokens", "output_tokens", "spent_usd")


@click.command("usage")
@click.option("--months", type=click.IntRange(1, 120), help="A table of so many months, by model.")
@click.option("--csv", "as_csv", is_flag=True, help="The table of --months (12 unless said) for a spreadsheet.")
@click.option("--verify", is_flag=True, help="Add up the whole ledger and compare it with the running totals.")
@click.option(
    "--correct", "correct_usd", type=float, metavar="DOLLARS", help="Add to what the month has spent, or take from it."
)
@click.option(
    "--trust-clock", is_flag=True, help="After a clock that was ahead: count in this month what later ones have spent."
)
@click.option("--why", help="The reason of --correct or --trust-clock; it is kept with it.")
@with_appcontext
def usage_command(
    months: int | None, as_csv: bool, verify: bool, correct_usd: float | None, trust_clock: bool, why: str | None
) -> None:
    """What GPT has cost this month, or in the last months."""
    budget = current_parts().budget
    if (correct_usd is not None or trust_clock) and not why:
        raise click.UsageError("a correction needs --why")
    if correct_usd is not None:
        budget.correct(round(correct_usd * 1_000_000), why or "")
    if trust_clock:
        closed = budget.trust_clock(why or "")
        click.echo(f"Counted in this month now: {', '.join(closed)}." if closed else "No later month has been begun.")
    if verify and (differences := budget.verify()):
        raise click.ClickException("the ledger does not add up:\n" + "\n".join(differences))
    if months or as_csv:
        _show_months(past_months(current_parts().store, months or 12), as_csv=as_csv)
        return
    _show_month(budget)
    if verify:
        click.echo("The ledger adds up.")


def _show_month(budget: Budget) -> None:
    month = budget.month()
    rows = [
        ("budget", month.budget_microusd),
        ("spent", month.spent_microusd),
        ("reserved", month.reserved_microusd),
        ("left", month.left_microusd),
    ]
    resets_at = month.resets_at.astimezone(ZoneInfo(current_parts().settings.timezone))
    click.echo(f"{month.month} (next month begins {resets_at:%Y-%m-%d %H:%M %Z})")
    for name, microusd in rows:
        click.echo(f"{name:>10} {microusd / 1_000_000:>12.6f} $")
    if month.ends_on:
        click.echo(f"At this pace the budget ends on {month.ends_on:%Y-%m-%d}.")


def _show_months(rows: Sequence[ModelMonth], *, as_csv: bool) -> None:
    lines = [
        (r.month, r.model, r.calls, r.input_tokens, r.cached_input_tokens, r.output_tokens, f"{r.spent_usd:.6f}")
        for r in rows
    ]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(lines)
        return
    click.echo(f"{'month':7}  {'model':24} {'calls':>8} {'tokens in':>12} {'tokens out':>11} {'dollars':>12}")
    for month, model, calls, tokens_in, _, tokens_out, usd in lines:
        click.echo(f"{month:7}  {model:24} {calls:>8} {tokens_in:>12} {tokens_out:>11} {usd:>12}")
    click.echo(
        f"{'':7}  {'all':24} {sum(r.calls for r in rows):>8} {'':12} {'':11} {sum(r.spent_usd for r in rows):>12.6f}"
    )


@click.command("estimate")
@with_appcontext
def estimate_command() -> None:
    """What 500, 2,000 and 5,000 conversations a month would cost.

    With these settings, prompts and topics."""
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
        "The reference is what the first version of this chat was said to cost.\n"
    )
    click.echo(f"{'conversations a month':>21} {'dollars':>9} {'reference':>10}")
    for line in monthly_table(each_usd):
        click.echo(f"{line.conversations:>21} {line.dollars:>9.2f} {line.reference_usd:>10.2f}")
