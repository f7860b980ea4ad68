"""The month of the budget: how it turns, clocks that go wrong, pace, forecast, alerts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from okichat.money.budget import Budget
from okichat.money.month import day_in
from okichat.money.reservation import BudgetSpent
from tests.doubles.clock import StoppedClock
from tests.money.conftest import OpenBudget


def test_a_new_month_brings_new_money_without_a_restart(open_budget: OpenBudget, clock: StoppedClock) -> None:
    budget = open_budget(budget_usd=0.001)
    budget.keep(budget.reserve("request", "model", 900, 100))
    assert not budget_has(budget, 1)

    clock.stand_at(datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
    assert not budget_has(budget, 1)
    clock.forward(minutes=1)
    assert budget.can_spend()
    assert budget_has(budget, 1000)
    assert budget.month().month == "2026-12"


def test_the_month_begins_at_midnight_of_the_set_time_zone(open_budget: OpenBudget, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    assert open_budget(timezone="Europe/London").month().month == "2026-11"
    assert open_budget(timezone="Europe/Paris").month().month == "2026-12"
    assert open_budget(timezone="Europe/Paris").month().resets_at == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)


def test_a_call_over_midnight_is_settled_in_the_month_in_which_it_was_reserved(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=0.001)
    reservation = budget.reserve("request", "model", 900, 100)
    clock.stand_at(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    budget.settle(reservation, input_tokens=300, cached_input_tokens=0, output_tokens=50)

    assert budget.month().spent_microusd == 0
    assert budget_has(budget, 1000)
    assert budget.verify() == []


def test_a_clock_that_goes_back_does_not_open_an_old_month(open_budget: OpenBudget, clock: StoppedClock) -> None:
    budget = open_budget(budget_usd=0.001)
    clock.stand_at(datetime(2026, 12, 5, tzinfo=UTC))
    budget.keep(budget.reserve("request", "model", 900, 100))

    for wrong in (datetime(2026, 11, 30, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)):
        clock.stand_at(wrong)
        assert not budget_has(budget, 1)
        assert not open_budget(budget_usd=0.001).can_spend()
        assert budget.month().month == "2026-12"


def test_after_a_clock_that_was_ahead_the_owner_moves_its_spending_to_the_real_month(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=0.001)
    budget.keep(budget.reserve("request", "model", 300, 0))
    clock.stand_at(datetime(2031, 1, 1, tzinfo=UTC))
    budget.keep(budget.reserve("request", "model", 600, 0))
    clock.stand_at(datetime(2026, 11, 24, tzinfo=UTC))
    assert budget.month().month == "2031-01"

    assert budget.trust_clock("the clock was ahead") == ["2031-01"]

    assert (budget.month().month, budget.month().spent_microusd) == ("2026-11", 900)
    assert budget.verify() == []
    assert budget_has(budget, 100)
    assert not budget_has(budget, 1)


def test_a_later_month_in_which_a_call_is_under_way_is_moved_only_after_its_end(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=0.001)
    clock.stand_at(datetime(2031, 1, 1, tzinfo=UTC))
    reservation = budget.reserve("request", "model", 600, 0)
    clock.stand_at(datetime(2026, 11, 24, tzinfo=UTC))

    assert budget.trust_clock("the clock was ahead") == []
    assert budget.month().month == "2031-01"
    budget.keep(reservation)
    assert budget.trust_clock("the clock was ahead") == ["2031-01"]
    assert (budget.month().month, budget.month().spent_microusd, budget.verify()) == ("2026-11", 600, [])


def test_a_clock_that_has_gone_back_stands_on_the_first_day_of_the_month_that_is_open() -> None:
    assert day_in("2026-12", datetime(2026, 11, 20, 12, tzinfo=UTC), "Europe/Paris") == date(2026, 12, 1)
    assert day_in("2026-12", datetime(2026, 12, 20, 12, tzinfo=UTC), "Europe/Paris") == date(2026, 12, 20)


def test_money_that_a_call_gives_back_is_seen_at_once(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.001)
    reservation = budget.reserve("request", "model", 1000, 0)
    assert not budget.can_spend()

    budget.release(reservation)

    assert budget.can_spend()


def test_by_default_one_day_may_use_the_whole_month(open_budget: OpenBudget, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 11, 1, 12, 0, tzinfo=UTC))
    assert budget_has(open_budget(budget_usd=0.003), 3000)


def test_with_a_daily_share_a_day_may_use_its_share_and_what_earlier_days_left(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=0.003, daily_share=True)  # 100 microdollars on each of thirty days
    clock.stand_at(datetime(2026, 11, 1, 12, 0, tzinfo=UTC))
    assert not budget_has(budget, 101)
    assert not budget.can_spend()
    assert budget_has(budget, 40)
    assert budget.month().today_microusd == 60

    clock.stand_at(datetime(2026, 11, 3, 12, 0, tzinfo=UTC))
    assert budget.month().today_microusd == 260
    assert not budget_has(budget, 261)
    assert budget_has(budget, 260)

    clock.stand_at(datetime(2026, 11, 30, 12, 0, tzinfo=UTC))
    assert budget_has(budget, 2700)
    assert not budget_has(budget, 1)


def test_the_figures_of_the_month_add_up(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.01)
    budget.keep(budget.reserve("request", "model", 3000, 0))
    budget.reserve("request", "model", 2000, 0)

    month = budget.month()
    assert (month.budget_microusd, month.spent_microusd, month.reserved_microusd) == (10_000, 3000, 2000)
    assert (month.left_microusd, month.today_microusd, month.share) == (5000, 5000, 0.5)


@pytest.mark.parametrize(
    ("spent", "last_day"),
    [
        (0, None),  # nothing spent: it lasts
        (7_600, None),  # on the 23rd, at this pace, just under the budget on the 30th
        (7_700, date(2026, 11, 30)),
        (9_500, date(2026, 11, 25)),
        (10_000, date(2026, 11, 23)),  # spent: today
    ],
)
def test_the_forecast_names_the_day_on_which_the_money_ends(
    open_budget: OpenBudget, spent: int, last_day: date | None
) -> None:
    budget = open_budget(budget_usd=0.01)
    budget.correct(spent, "what this test starts from")
    assert budget.month().ends_on == last_day


def test_half_and_four_fifths_are_crossed_when_that_much_is_spent(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.01)
    seen = []
    for amount in (4_999, 1, 2_999, 1, 1_999, 1):
        budget.keep(budget.reserve("request", "model", amount, 0))
        seen.append(budget.month().crossed)
    assert seen == [(), (50,), (50,), (50, 80), (50, 80), (50, 80, 100)]


def test_everything_is_crossed_when_the_last_cents_are_too_few_for_a_call(
    open_budget: OpenBudget, clock: StoppedClock
) -> None:
    budget = open_budget(budget_usd=0.01)
    budget.keep(budget.reserve("request", "model", 9_500, 0))
    assert budget.can_spend()
    assert not budget_has(budget, 501)

    assert budget.month().crossed == (50, 80, 100)
    assert not budget.can_spend()
    assert open_budget(budget_usd=0.02).month().crossed == ()  # the owner has added money
    clock.forward(days=10)
    assert budget.month().crossed == ()


def test_waiting_for_reservations_to_come_back_is_not_the_end_of_the_money(open_budget: OpenBudget) -> None:
    budget = open_budget(budget_usd=0.01)
    first = budget.reserve("request", "model", 9_500, 0)
    assert not budget_has(budget, 501)
    assert budget.month().crossed == ()

    budget.release(first)
    assert budget.can_spend()


def test_the_badge_is_remembered_for_a_second_only(open_budget: OpenBudget, clock: StoppedClock) -> None:
    shown, spending = open_budget(budget_usd=0.001), open_budget(budget_usd=0.001)
    assert shown.can_spend()
    spending.keep(spending.reserve("request", "model", 1000, 0))

    assert shown.can_spend()
    clock.forward(seconds=1)
    assert not shown.can_spend()


def budget_has(budget: Budget, amount_microusd: int) -> bool:
    """Whether a call of that worst case is allowed; if so it is spent."""
    try:
        budget.keep(budget.reserve("request", "model", amount_microusd, 0))
    except BudgetSpent:
        return False
    return True
