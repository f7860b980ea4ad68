"""What must hold at the end of every simulated month and of the year; each promise that does not is a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from okichat.money.month import crossed
from okichat.money.prices import price_of
from okichat.monitoring.digest import KIND
from okichat.storage.tables import alerts, balances, ledger, messages, security_events, turns
from okichat.web.parts import Parts
from tests.doubles.openai_exchange import Received

_THRESHOLDS = (50, 80, 100)


@dataclass(frozen=True, slots=True)
class Bill:
    """What the model's host would invoice for one month, in millionths of a dollar.

    unknown_microusd  for answers whose usage it did not report"""

    known_microusd: int
    unknown_microusd: int


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """One month as the store tells it."""

    month: str
    rungs: Counter[str]
    spent_microusd: int
    ran_out: bool
    billed: Bill
    broken: tuple[str, ...]


def bill(parts: Parts, requests: Sequence[Received]) -> int:
    """What these requests cost at the host, each rounded up as an invoice of its own."""
    total = 0
    for received in requests:
        price = price_of(received.body["model"], parts.settings)
        assert price
        tokens = received.billed
        total += price.cost_microusd(tokens.input_tokens, tokens.cached_tokens, tokens.output_tokens)
    return total


def close_month(parts: Parts, month: str, begin: datetime, end: datetime, billed: Bill) -> MonthEnd:
    """Look at a month that is over, a round of the upkeep after it; `begin` and `end` are its first moment and the next one's."""
    then = and_(turns.c.asked_at >= begin, turns.c.asked_at < end)
    with parts.store.read() as connection:
        counted = connection.execute(
            select(turns.c.answered_by, func.count()).where(then).group_by(turns.c.answered_by)
        ).all()
        balance = connection.execute(select(balances).where(balances.c.month == month)).first()
    spent = balance.spent_microusd if balance else 0
    ran_out = bool(balance and balance.refused_microusd is not None)
    broken = (*_money(parts, month, billed), *_memory(parts), *_alerts_of(parts, month))
    rungs = Counter({rung or "interrupted": count for rung, count in counted})
    return MonthEnd(month, rungs, spent, ran_out, billed, tuple(f"{month}: {sentence}" for sentence in broken))


def close_year(parts: Parts, posted: int, delivered: int, digests: int) -> Iterator[str]:
    """What must hold at the end: the webhook got `posted` letters, of which `delivered` were visitors' messages."""
    with parts.store.read() as connection:
        rows = connection.execute(select(alerts.c.kind, alerts.c.period, alerts.c.state)).all()
        waiting = _count(connection, select(func.count()).select_from(messages).where(messages.c.state == "new"))
    sent = [row for row in rows if row.state == "sent"]
    if len(sent) != len(rows):
        yield f"{len(rows) - len(sent)} alerts were not sent"
    if posted != len(sent) + delivered:
        yield f"{len(sent)} alerts and {delivered} messages went out as {posted} letters"
    weeks = [row.period for row in sent if row.kind == KIND]
    if len(set(weeks)) != digests or len(weeks) != digests:
        yield f"{len(weeks)} digests of {len(set(weeks))} weeks, {digests} were due"
    if waiting:
        yield f"{waiting} messages were not delivered"


def _money(parts: Parts, month: str, billed: Bill) -> Iterator[str]:
    budget = int(parts.settings.budget_usd * 1_000_000)
    settled = select(func.coalesce(func.sum(ledger.c.spent_change_microusd), 0)).where(
        ledger.c.month == month, ledger.c.kind == "settle"
    )
    with parts.store.read() as connection:
        row = connection.execute(select(balances).where(balances.c.month == month)).first()
        known = _count(connection, settled.where(ledger.c.input_tokens.is_not(None)))
        unknown = _count(connection, settled.where(ledger.c.input_tokens.is_(None)))
    if row and row.spent_microusd > budget:
        yield f"{row.spent_microusd} microdollars spent of {budget}"
    if row and row.reserved_microusd:
        yield f"{row.reserved_microusd} microdollars are still reserved"
    if known != billed.known_microusd:
        yield f"the host bills {billed.known_microusd} microdollars for reported usage, the ledger has {known}"
    if unknown < billed.unknown_microusd:
        yield f"the host bills {billed.unknown_microusd} microdollars for unreported usage, the ledger has only {unknown}"
    yield from parts.budget.verify()


def _memory(parts: Parts) -> Iterator[str]:
    """What must be forgotten, and what must be folded."""
    oldest = parts.clock.now() - timedelta(days=parts.settings.retention_days)
    events, hour = security_events.c, oldest.replace(minute=0, second=0, microsecond=0)
    has_words: ColumnElement[bool] = or_(
        *(column.is_not(None) for column in (turns.c.question, turns.c.answer, turns.c.feedback_reason))
    )
    names_anybody = or_(events.visitor.is_not(None), events.detail.is_not(None))
    left = {
        "texts are older than the retention": select(func.count())
        .select_from(turns)
        .where(turns.c.asked_at < oldest, has_words),
        "messages are older than the retention": select(func.count())
        .select_from(messages)
        .where(messages.c.received_at < oldest, messages.c.state != "new"),
        "security events still name visitors": select(func.count())
        .select_from(security_events)
        .where(events.at < hour, names_anybody),
    }
    with parts.store.read() as connection:
        for what, query in left.items():
            if number := _count(connection, query):
                yield f"{number} {what}"
        folded = connection.execute(select(events.at, events.kind).where(events.at < hour)).all()
    again = [key for key, times in Counter((at, kind) for at, kind in folded).items() if times > 1]
    if again:
        yield f"{len(again)} hours of security events are not condensed"


def _alerts_of(parts: Parts, month: str) -> Iterator[str]:
    """Each share of the budget is told once where it was crossed, and not where it was not."""
    with parts.store.read() as connection:
        row = connection.execute(select(balances).where(balances.c.month == month)).first()
        kinds = connection.scalars(select(alerts.c.kind).where(alerts.c.period == month)).all()
    told = Counter(kind for kind in kinds if kind in {f"budget_{percent}" for percent in _THRESHOLDS})
    budget = int(parts.settings.budget_usd * 1_000_000)
    reached = crossed(row.spent_microusd, budget, row.refused_microusd) if row else ()
    due = Counter(f"budget_{percent}" for percent in reached)
    if told != due:
        yield f"alerts of the budget: {dict(told)}, due were {dict(due)}"


def _count(connection: Any, query: Select[Any]) -> int:
    return int(connection.scalar(query) or 0)
