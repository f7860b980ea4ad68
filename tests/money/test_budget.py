"""Reserve, settle, keep, release: one after the other, on both databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from okichat.errors import StoreUnavailable
from okichat.money.budget import Budget
from okichat.money.reservation import BudgetSpent, LedgerUnavailable, PriceUnknown, Reservation
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.schema import prepare
from okichat.storage.tables import ledger
from tests.doubles.clock import StoppedClock
from tests.money.conftest import OpenBudget
from tests.storage.statements import statements_of


def figures(budget: Budget) -> tuple[int, int]:
    """What is spent and what is reserved this month, after a look at whether the ledger agrees."""
    assert budget.verify() == []
    month = budget.month()
    return month.spent_microusd, month.reserved_microusd


def settle(budget: Budget, reservation: Reservation, tokens_in: int, tokens_out: int) -> int:
    usage = budget.settle(reservation, input_tokens=tokens_in, cached_input_tokens=0, output_tokens=tokens_out)
    return usage.cost_microusd


def test_a_call_is_reserved_at_its_worst_case_and_settled_at_its_real_cost(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=1)

    reservation = budget.reserve("request", "model", 800, 200)
    assert figures(budget) == (0, 1000)

    assert settle(budget, reservation, 300, 50) == 350
    assert figures(budget) == (350, 0)


def test_what_the_call_reported_is_in_the_ledger(open_budget: OpenBudget, store: Store) -> None:
    budget = open_budget(budget_usd=1)
    reservation = budget.reserve("request-7", "model", 800, 200)
    usage = budget.settle(reservation, input_tokens=300, cached_input_tokens=100, output_tokens=50)

    with store.read() as connection:
        reserve, settled = connection.execute(select(ledger).order_by(ledger.c.id)).all()
    assert (reserve.kind, reserve.request, reserve.model, reserve.price_version) == (
        "reserve",
        "request-7",
        "model",
        "settings",
    )
    assert (settled.kind, settled.request, settled.month) == ("settle", "request-7", "2026-11")
    assert (settled.input_tokens, settled.cached_input_tokens, settled.output_tokens) == (300, 100, 50)
    assert settled.spent_change_microusd == usage.cost_microusd


def test_the_last_cent_can_be_used_and_not_one_microdollar_more(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    budget.reserve("request", "model", 900, 100)

    with pytest.raises(BudgetSpent):
        budget.reserve("request", "model", 1, 0)
    assert figures(budget) == (0, 1000)


def test_settling_gives_back_what_the_call_did_not_use(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    settle(budget, budget.reserve("request", "model", 900, 100), 10, 10)

    budget.reserve("request", "model", 900, 80)
    assert figures(budget) == (20, 980)


def test_ending_a_reservation_twice_changes_nothing(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=1)
    reservation = budget.reserve("request", "model", 800, 200)
    settle(budget, reservation, 300, 50)

    settle(budget, reservation, 300, 50)
    budget.keep(reservation)
    budget.release(reservation)
    assert figures(budget) == (350, 0)


def test_a_call_whose_usage_is_unknown_counts_in_full(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=1)
    assert budget.keep(budget.reserve("request", "model", 800, 200)).cost_microusd == 1000
    assert figures(budget) == (1000, 0)


@pytest.mark.parametrize("tokens", [(0, 0, 0), (-5, 0, 3), (10, 0, -1)])
def test_a_server_that_reports_no_usage_or_nonsense_does_not_get_the_call_for_free(
    open_budget: OpenBudget, tokens: tuple[int, int, int]
) -> None:
    budget = open_budget(budget_usd=1)
    reservation = budget.reserve("request", "model", 800, 200)
    budget.settle(reservation, input_tokens=tokens[0], cached_input_tokens=tokens[1], output_tokens=tokens[2])
    assert figures(budget) == (1000, 0)


def test_a_call_that_was_never_sent_costs_nothing(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=1)
    budget.release(budget.reserve("request", "model", 800, 200))
    assert figures(budget) == (0, 0)


def test_usage_above_the_reservation_is_recorded_as_it_is_reported_and_ends_the_spending(
    open_budget: OpenBudget, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    budget = open_budget(budget_usd=0.001)
    settle(budget, budget.reserve("request", "model", 500, 100), 1400, 100)

    assert figures(budget) == (1500, 0)
    assert "900 microdollars more than was reserved" in caplog.text
    with store.read() as connection:
        assert connection.scalars(select(ledger.c.note)).all()[-1] == "900 microdollars above the reservation"
    with pytest.raises(BudgetSpent):
        budget.reserve("request", "model", 1, 1)


def test_a_budget_of_nothing_means_no_call_even_of_a_free_model(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0, price_input_usd=0.0, price_output_usd=0.0)
    with pytest.raises(BudgetSpent):
        budget.reserve("request", "model", 1, 1)
    assert not budget.can_spend()
    assert budget.month().crossed == ()


def test_a_model_that_is_said_to_cost_nothing_is_called_even_when_the_money_is_spent(open_budget: OpenBudget) -> None:
    paid = open_budget(budget_usd=0.001)
    paid.keep(paid.reserve("request", "model", 900, 100))

    free = open_budget(budget_usd=0.0005, price_input_usd=0.0, price_output_usd=0.0)
    assert settle(free, free.reserve("request", "model", 900, 100), 900, 100) == 0
    assert free.can_spend()
    assert figures(free) == (1000, 0)


def test_a_model_without_a_price_is_not_called(store: Store, clock: StoppedClock) -> None:
    budget = Budget(store, clock, Settings())
    with pytest.raises(PriceUnknown):
        budget.reserve("request", "gpt-nobody-knows", 1, 1)


def test_a_prompt_beyond_the_first_price_tier_is_not_sent(store: Store, clock: StoppedClock) -> None:
    budget = Budget(store, clock, Settings())
    with pytest.raises(PriceUnknown):
        budget.reserve("request", "gpt-6-luna", 272_001, 300)
    assert budget.reserve("request", "gpt-6-luna", 272_000, 300).model == "gpt-6-luna"


def test_a_budget_lowered_below_what_is_spent_stops_the_calls(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=1)
    reservation = budget.reserve("request", "model", 800, 200)

    lowered = open_budget(budget_usd=0.0005)
    with pytest.raises(BudgetSpent):
        lowered.reserve("request", "model", 1, 1)
    settle(lowered, reservation, 300, 50)
    assert figures(lowered) == (350, 0)
    assert lowered.month().left_microusd == 150


def test_a_fraction_of_a_microdollar_is_no_budget(open_budget: OpenBudget) -> None:
    assert open_budget(budget_usd=0.0010009).month().budget_microusd == 1000


def test_every_call_that_ends_or_is_refused_is_told_to_whoever_looks_after_the_alerts(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    told: list[str] = []
    budget.after_change = lambda: told.append("changed")
    reservation = budget.reserve("request", "model", 900, 100)
    assert told == []

    with pytest.raises(BudgetSpent):
        budget.reserve("request", "model", 1, 0)
    assert len(told) == 1
    settle(budget, reservation, 300, 50)
    assert len(told) == 2


def test_what_cost_more_than_was_reserved_is_written_also_right_after_others_have_waited_in_vain(
    clock: StoppedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okichat.storage.engine._LOCK_TIMEOUT_S", 0.05)
    monkeypatch.setattr("okichat.storage.rest._IN_VAIN_AFTER_S", 0.0)
    monkeypatch.setattr("okichat.storage.rest._REST_S", 600.0)
    store = Store(f"sqlite:///{tmp_path}/busy.db")
    prepare(store)
    budget = Budget(store, clock, Settings(budget_usd=0.001, price_input_usd=1.0, price_output_usd=1.0))
    reservation = budget.reserve("request", "model", 500, 100)
    with closing(sqlite3.connect(tmp_path / "busy.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerUnavailable):
            budget.reserve("another", "model", 1, 1)

    settle(budget, reservation, 1400, 100)

    assert figures(budget) == (1500, 0)
    store.close()


def test_a_correction_is_a_row_with_its_reason(open_budget: OpenBudget, store: Store) -> None:
    budget = open_budget(budget_usd=1)
    budget.correct(123_456, "the invoice says so")
    budget.correct(-23_456, "and then it did not")

    assert figures(budget) == (100_000, 0)
    with store.read() as connection:
        assert connection.scalars(select(ledger.c.note)).all() == ["the invoice says so", "and then it did not"]


def test_reservations_of_a_crashed_process_are_spent_after_the_deadline(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    open_budget(budget_usd=1, deadline_s=12).reserve("request", "model", 800, 200)
    after_restart = open_budget(budget_usd=1, deadline_s=12)

    clock.forward(seconds=12 + 60)
    assert after_restart.settle_orphans() == 0
    clock.forward(seconds=1)
    assert after_restart.settle_orphans() == 1
    assert after_restart.settle_orphans() == 0
    assert figures(after_restart) == (1000, 0)


def test_a_call_that_ends_after_it_was_taken_for_an_orphan_is_not_counted_twice(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=1)
    reservation = budget.reserve("request", "model", 800, 200)
    clock.forward(minutes=10)
    budget.settle_orphans()

    settle(budget, reservation, 300, 50)
    assert figures(budget) == (1000, 0)


def test_the_ledger_is_only_ever_added_to(open_budget: OpenBudget, store: Store, clock: StoppedClock) -> None:
    budget = open_budget(budget_usd=1)
    with statements_of(store) as statements:
        settle(budget, budget.reserve("request", "model", 800, 200), 300, 50)
        budget.keep(budget.reserve("request", "model", 800, 200))
        budget.release(budget.reserve("request", "model", 800, 200))
        budget.correct(5, "why")
        budget.reserve("request", "model", 800, 200)
        clock.forward(days=40)
        budget.settle_orphans()
        budget.correct(5, "why")
        clock.forward(days=-40)
        budget.trust_clock("why")

    assert any(statement.startswith("INSERT INTO ledger") for statement in statements)
    assert not [statement for statement in statements if statement.startswith(("UPDATE ledger", "DELETE FROM ledger"))]


def test_verify_names_the_month_and_both_sums(open_budget: OpenBudget, store: Store) -> None:
    budget = open_budget(budget_usd=1)
    budget.keep(budget.reserve("request", "model", 800, 200))
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE balances SET spent_microusd = 1, reserved_microusd = 7")

    spent, reserved = budget.verify()
    assert spent == "2026-11: the ledger adds up to 1000 microdollars spent, the balance says 1"
    assert reserved.startswith("2026-11: the ledger adds up to 0 microdollars reserved, the balance says 7")


class TestWithoutTheDatabase:
    """The file is not there, or the server is away."""

    @pytest.fixture
    def away(self, clock: StoppedClock) -> Budget:
        return Budget(Store("postgresql+psycopg://nobody@127.0.0.1:9/none"), clock, Settings(openai_api_key="key"))

    def test_no_call_is_made(self, away: Budget) -> None:
        with pytest.raises(LedgerUnavailable):
            away.reserve("request", "gpt-6-luna", 800, 200)
        assert not away.can_spend()

    def test_a_paid_call_still_gets_its_usage_and_its_reservation_stands(
        self, away: Budget, open_budget: OpenBudget, clock: StoppedClock
    ) -> None:
        budget = open_budget(budget_usd=1)
        reservation = budget.reserve("request", "model", 800, 200)

        assert settle(away, reservation, 300, 50) == 350
        assert away.keep(reservation).cost_microusd == 1000
        away.release(reservation)

        assert figures(budget) == (0, 1000)
        clock.forward(minutes=10)
        budget.settle_orphans()
        assert figures(budget) == (1000, 0)

    def test_the_figures_say_that_there_are_none(self, away: Budget) -> None:
        with pytest.raises(StoreUnavailable):
            away.month()
