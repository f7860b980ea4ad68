"""The statements of the ledger, one by one: what each of them checks by itself, whoever has looked at the balance before."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from okichat.money import ledger
from okichat.storage.engine import Store
from okichat.storage.tables import balances, reservations
from okichat.storage.tables import ledger as rows
from tests.doubles.clock import StoppedClock
from tests.money.conftest import OpenBudget

MONTH = "2026-11"


def test_the_claim_itself_grants_what_is_left_and_not_one_microdollar_more(store: Store, clock: StoppedClock) -> None:
    with store.write() as connection:
        ledger.open_month(connection, MONTH)
        ledger.correct(connection, MONTH, clock.now(), 400, "spent before")

        granted = [ledger.claim(connection, MONTH, amount, allowed_microusd=1000) for amount in (601, 600, 1, 0)]

    assert granted == [False, True, False, True]


def test_of_the_calls_there_was_no_money_for_the_smallest_is_remembered(store: Store) -> None:
    with store.write() as connection:
        ledger.open_month(connection, MONTH)
        for amount in (700, 600, 650):
            balance = ledger.latest_balance(connection, MONTH)
            assert balance is not None
            ledger.note_refusal(connection, balance, amount, allowed_microusd=500)
        remembered = connection.scalar(select(balances.c.refused_microusd))

    assert remembered == 600


def test_a_call_that_only_waits_for_reservations_is_not_remembered_as_refused(store: Store) -> None:
    with store.write() as connection:
        ledger.open_month(connection, MONTH)
        ledger.claim(connection, MONTH, 900, allowed_microusd=1000)
        balance = ledger.latest_balance(connection, MONTH)
        assert balance is not None
        ledger.note_refusal(connection, balance, 500, allowed_microusd=1000)
        remembered = connection.scalar(select(balances.c.refused_microusd))

    assert remembered is None


def test_a_reservation_that_has_gone_without_a_trace_is_a_difference(open_budget: OpenBudget, store: Store) -> None:
    budget = open_budget(budget_usd=1)
    budget.reserve("request", "model", 800, 200)
    with store.write() as connection:
        connection.execute(reservations.delete())

    [difference] = budget.verify()
    assert difference.endswith("the balance says 1000, open reservations are 0")


def test_a_look_at_the_month_that_goes_on_leaves_out_what_was_before(
    open_budget: OpenBudget, store: Store, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=1)
    budget.reserve("request", "model", 800, 200)
    with store.write() as connection:
        connection.execute(reservations.delete())
    old = budget.month().month
    clock.forward(days=40)
    budget.reserve("request", "model", 800, 200)

    assert budget.verify(since=budget.month().month) == []
    [difference] = budget.verify()
    assert difference.startswith(f"{old}:")


@pytest.mark.parametrize("what", ["request", "model", "why"])
def test_a_name_or_a_reason_that_is_too_long_for_its_column_costs_its_end_and_nothing_else(
    open_budget: OpenBudget, store: Store, what: str
) -> None:
    budget = open_budget(budget_usd=1)
    if what == "why":
        budget.correct(5, "w" * 300)
    else:
        budget.reserve(**{"request_id": "r", "model": "m", what if what == "model" else "request_id": "x" * 300},
                       prompt_tokens_bound=8, output_tokens_cap=2)  # fmt: skip

    with store.read() as connection:
        [row] = connection.execute(select(rows)).all()
    assert len({"request": row.request, "model": row.model, "why": row.note}[what] or "") in (64, 128, 200)
    assert budget.verify() == []
