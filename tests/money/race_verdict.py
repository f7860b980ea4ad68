"""What a race has left behind: the ledger replayed row by row, and compared with what the model's host has billed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sqlalchemy import Row, Select, select

from okichat.money.budget import Budget
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import ledger
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_exchange import Received
from tests.money.race import Outcome, Race

_NAME = re.compile(r"race-\d+-\d+-\d+")
Tokens = tuple[int, int, int]


def drawn_verdict(store: Store, race: Race, billed_microusd: Sequence[int]) -> Outcome:
    """Of a race whose calls were drawn; `billed_microusd` is what the host would bill, for each of its months."""
    rows = _rows(store, race.months)
    outcome = _replayed(rows, dict.fromkeys(race.months, race.budget_microusd))
    for month, billed in zip(race.months, billed_microusd, strict=True):
        spent = sum(row.spent_change_microusd for row in rows if row.month == month)
        outcome.billed_above_budget = max(outcome.billed_above_budget, billed - race.budget_microusd)
        outcome.billed_above_ledger = max(outcome.billed_above_ledger, billed - spent)
    return outcome


def host_verdict(store: Store, race: Race, requests: Iterable[Received]) -> Outcome:
    """Of a race whose calls went to a host; `requests` are all that it got, each with what it has billed.

    Both are compared call by call: where the ledger knows the tokens, they are the host's; where it does not, it has
    counted at least as much."""
    rows = _rows(store, race.months)
    outcome = _replayed(rows, dict.fromkeys(race.months, race.budget_microusd))
    at_host: defaultdict[str, Counter[Tokens]] = defaultdict(Counter)
    for request in requests:
        named, bill = _NAME.search(request.prompt), request.billed
        assert named, "a request that belongs to no call"
        at_host[named[0]][bill.input_tokens, bill.cached_tokens, bill.output_tokens] += 1
    unknown_microusd: Counter[str] = Counter()
    for row in rows:
        if row.kind == "reserve":
            continue
        tokens = (row.input_tokens, row.cached_input_tokens, row.output_tokens)
        if row.input_tokens is None:
            unknown_microusd[row.request] += row.spent_change_microusd
            continue
        outcome.completed += 1
        outcome.completed_in_ledger_microusd += row.spent_change_microusd
        if at_host[row.request][tokens] == 0:
            outcome.host_disagrees += 1
            continue
        at_host[row.request][tokens] -= 1
        outcome.completed_at_host_microusd += _cost_microusd(race, tokens)
    unknown_at_host = {
        name: sum(_cost_microusd(race, tokens) * count for tokens, count in found.items())
        for name, found in at_host.items()
    }
    for name, cost in unknown_at_host.items():
        outcome.billed_above_ledger = max(outcome.billed_above_ledger, cost - unknown_microusd[name])
    billed = outcome.completed_at_host_microusd + sum(unknown_at_host.values())
    outcome.billed_above_budget = max(0, billed - race.budget_microusd)
    return outcome


def whole_verdict(store: Store, races: Iterable[Race]) -> Outcome:
    """All races of a database once more, also what processes wrote that were killed, and the running totals."""
    budgets = {month: race.budget_microusd for race in races for month in race.months}
    outcome = _replayed(_rows(store, None), budgets)
    outcome.differences = Budget(store, StoppedClock(), Settings()).verify()
    return outcome


def _rows(store: Store, months: Sequence[str] | None) -> Sequence[Row[Any]]:
    c = ledger.c
    tokens = (c.input_tokens, c.cached_input_tokens, c.output_tokens)
    changes = (c.spent_change_microusd, c.reserved_change_microusd)
    query: Select[Any] = select(c.month, c.kind, c.request, *tokens, *changes).order_by(c.id)
    if months is not None:
        query = query.where(c.month.in_(months))
    with store.read() as connection:
        return connection.execute(query).all()


def _replayed(rows: Iterable[Row[Any]], budgets_microusd: Mapping[str, int]) -> Outcome:
    """Every moment of the months, in the order in which the ledger was written."""
    outcome = Outcome()
    used: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    for row in rows:
        used[row.month] += row.spent_change_microusd + row.reserved_change_microusd
        reserved[row.month] += row.reserved_change_microusd
        budget = budgets_microusd[row.month]
        outcome.overshoot = max(outcome.overshoot, used[row.month] - budget)
        outcome.closest = max(outcome.closest, used[row.month] / budget)
        outcome.cost_nothing += row.kind == "settle" and row.spent_change_microusd <= 0
    outcome.left_open = sum(amount != 0 for amount in reserved.values())
    return outcome


def _cost_microusd(race: Race, tokens: Tokens) -> int:
    """As a host's invoice would have it, reckoned without the app: every call rounded up to a microdollar."""
    bought, _, sold = tokens  # what is cached costs no less where only two prices are set
    cost = Decimal(str(race.input_usd)) * bought + Decimal(str(race.output_usd)) * sold
    return int(cost.to_integral_value(ROUND_CEILING))
