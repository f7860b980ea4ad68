"""What time it is. Everything that asks, asks here, so that a test can move the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives the current time."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)


def days_in(timezone: str, clock: Clock) -> Callable[[], date]:
    """Tells which day it is there, whenever it is asked."""
    zone = ZoneInfo(timezone)
    return lambda: clock.now().astimezone(zone).date()
