"""Whether a call would be paid is looked up once a second, and known at once where this process has changed it itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from okichat.money.reservation import BudgetSpent
from tests.doubles.clock import StoppedClock
from tests.money.conftest import OpenBudget


def test_the_last_microdollar_counts(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    budget.keep(budget.reserve("request", "model", 900, 99))
    assert open_budget(budget_usd=0.001).can_spend()

    budget.keep(budget.reserve("request", "model", 1, 0))
    assert not open_budget(budget_usd=0.001).can_spend()


def test_a_call_that_takes_the_rest_and_one_that_gives_it_back(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    assert budget.can_spend()

    reservation = budget.reserve("request", "model", 900, 100)
    assert not budget.can_spend()
    budget.settle(reservation, input_tokens=300, cached_input_tokens=0, output_tokens=50)
    assert budget.can_spend()


def test_a_refusal_because_of_what_another_process_has_spent(open_budget: OpenBudget) -> None:
    budget, other = open_budget(budget_usd=0.001), open_budget(budget_usd=0.001)
    assert budget.can_spend()
    other.keep(other.reserve("request", "model", 900, 100))

    with pytest.raises(BudgetSpent):
        budget.reserve("request", "model", 1, 0)
    assert not budget.can_spend()


def test_a_call_that_cost_more_than_was_reserved_for_it(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    reservation = budget.reserve("request", "model", 500, 100)
    assert budget.can_spend()

    budget.settle(reservation, input_tokens=1400, cached_input_tokens=0, output_tokens=100)
    assert not budget.can_spend()


def test_a_correction_by_the_owner(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    assert budget.can_spend()

    budget.correct(1000, "the invoice says so")
    assert not budget.can_spend()
    budget.correct(-1000, "and then it did not")
    assert budget.can_spend()


def test_a_clock_that_the_owner_has_mended(open_budget: OpenBudget, clock: StoppedClock) -> None:
    budget = open_budget(budget_usd=0.001)
    budget.keep(budget.reserve("request", "model", 500, 0))
    clock.stand_at(datetime(2026, 12, 5, tzinfo=UTC))
    budget.keep(budget.reserve("request", "model", 500, 0))
    clock.stand_at(datetime(2026, 11, 23, tzinfo=UTC))
    assert budget.can_spend()  # in December, which goes on

    budget.trust_clock("it was ahead")
    assert not budget.can_spend()
