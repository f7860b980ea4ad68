"""A clock that stands until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StoppedClock:
    """Tells the same time until it is moved: at first a Monday, half past ten in Paris."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """The time it stands at."""
        return self._now

    def forward(self, **duration: float) -> None:
        """Move it, e.g. `clock.forward(minutes=2)`."""
        self._now += timedelta(**duration)

    def stand_at(self, now: datetime) -> None:
        """Move it to a time of its own, also back."""
        self._now = now
