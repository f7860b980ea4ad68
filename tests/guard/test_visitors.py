"""Names that tell two visitors of a day apart and say nothing else."""

from __future__ import annotations

from okichat.guard.visitors import Visitors
from tests.doubles.clock import StoppedClock


def test_an_address_has_one_name_a_day_and_another_the_next() -> None:
    clock = StoppedClock()
    visitors = Visitors("s" * 32, clock)
    name = visitors.name("203.0.113.7")
    assert name == Visitors("s" * 32, clock).name("203.0.113.7")
    assert len(name) == 16
    clock.forward(days=1)
    assert visitors.name("203.0.113.7") != name


def test_an_attack_from_many_addresses_fills_no_memory() -> None:
    visitors = Visitors("s" * 32, StoppedClock())
    names = [visitors.name(f"2001:db8::{number:x}") for number in range(3000)]

    assert visitors._of_day is not None
    assert len(visitors._of_day[2]) <= 1000
    assert visitors.name("2001:db8::0") == names[0]


def test_two_addresses_and_two_secrets_give_other_names() -> None:
    clock = StoppedClock()
    names = {
        Visitors(secret, clock).name(address) for secret in ("a" * 32, "b" * 32) for address in ("1.2.3.4", "1.2.3.5")
    }
    assert len(names) == 4
