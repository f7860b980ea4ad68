"""Turns as the tests of the figures make them up: the clock stands on a Monday, half past ten in Paris, half past nine UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from tests.doubles.clock import StoppedClock

TODAY = date(2026, 11, 23)

Ask = Callable[..., None]


def passed(*sources_and_reasons: str) -> list[dict[str, str]]:
    """As a turn keeps who passed and why: `passed("gpt:timeout")`."""
    pairs = (each.split(":") for each in sources_and_reasons)
    return [{"source": source, "reason": reason} for source, reason in pairs]


def busy_month(ask: Ask, clock: StoppedClock) -> None:
    """Some days of everything that is counted."""
    cited = [{"topic": "tarifs", "title": "Tarifs", "link": None}]
    for number, days_ago in enumerate((0, 1, 2, 3, 28, 29, 30, 89, 89, 90, 91)):
        at = clock.now() - timedelta(days=days_ago, minutes=number)
        ask("gpt", at, 0.7 + number, citations=cited, cost_microusd=600, input_tokens=9, first_word_ms=400 + number)
        ask("local", at, passed=passed("gpt:timeout"), feedback="down", visitor=f"v{number}", citations=cited)
        ask("handoff", at, conversation="one")
        ask(None, at)
