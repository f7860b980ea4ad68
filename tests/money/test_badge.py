"""The badge: looked up no oftener than it can change, and never by many at once."""

from __future__ import annotations

import pytest

from okichat.errors import StoreUnavailable
from okichat.money.badge import Badge
from tests.doubles.clock import StoppedClock


class Looks:
    """What is found at each look; counts them."""

    def __init__(self, *found: bool | StoreUnavailable) -> None:
        self._found = list(found)
        self.count = 0

    def __call__(self) -> bool:
        self.count += 1
        found = self._found.pop(0)
        if isinstance(found, StoreUnavailable):
            raise found
        return found


def test_what_was_found_counts_for_a_second(clock: StoppedClock) -> None:
    looks = Looks(True, False)
    badge = Badge(clock, looks)

    first = [badge.can_spend() for _ in range(10)]
    clock.forward(seconds=1)

    assert (first, badge.can_spend(), looks.count) == ([True] * 10, False, 2)


def test_a_database_that_is_away_is_asked_every_ten_seconds_and_meanwhile_nothing_is_spent(clock: StoppedClock) -> None:
    looks = Looks(StoreUnavailable("away"), True)
    badge = Badge(clock, looks)

    assert not badge.can_spend()
    clock.forward(seconds=9)
    assert not badge.can_spend()
    assert looks.count == 1
    clock.forward(seconds=1)
    assert badge.can_spend()


def test_while_one_looks_the_others_read_what_was_known_before(clock: StoppedClock) -> None:
    meanwhile: list[bool] = []
    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            meanwhile.append(badge.can_spend())  # as another thread would
        return looks == 1

    badge = Badge(clock, look)
    assert badge.can_spend()
    clock.forward(seconds=2)

    assert not badge.can_spend()
    assert (meanwhile, looks) == ([True], 2)


@pytest.mark.parametrize(("known", "looks_again"), [(False, True), (True, False)])
def test_money_that_came_back_puts_only_a_no_in_doubt(clock: StoppedClock, known: bool, looks_again: bool) -> None:
    looks = Looks(known, True)
    badge = Badge(clock, looks)
    badge.can_spend()

    badge.gained()
    badge.can_spend()

    assert (looks.count == 2) is looks_again
