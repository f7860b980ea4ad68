"""What finished days added up to, kept in the store, so that no screen adds up a million turns.

A vote on an old answer strikes its day out (conversations/turns.py), and the next round counts it again: what stands here is
always what a count of the turns would give. Nothing is lost with a row: all of them can be counted again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Text, cast, delete, func, select, text, update

from okichat.clock import Clock
from okichat.monitoring.day import Day, KeptDay, folded
from okichat.storage.engine import Store
from okichat.storage.tables import day_figures

# After so long whoever announced a count is taken to be gone.
_PATIENCE = timedelta(minutes=10)
# "{}" stands there while a day is being counted.
_IS_COUNTED = func.length(cast(day_figures.c.figures, Text)) > len("{}")


class DayBook:
    """The finished days of one time zone. Methods raise StoreUnavailable. Safe in several processes."""

    def __init__(self, store: Store, clock: Clock, timezone: str) -> None:
        self._store = store
        self._clock = clock
        self._timezone = timezone

    def stamps(self, first: date, last: date) -> dict[date, datetime]:
        """Which days are kept, of those from `first` to `last`, and when each was counted."""
        query = select(day_figures.c.day, day_figures.c.made_at).where(_IS_COUNTED, *self._between(first, last))
        with self._store.read() as connection:
            return {date.fromisoformat(day): made_at for day, made_at in connection.execute(query)}

    def read(self, first: date, last: date) -> dict[date, KeptDay]:
        """The days that are kept, of those from `first` to `last`."""
        query = select(day_figures.c.day, day_figures.c.figures).where(*self._between(first, last))
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        found = {date.fromisoformat(day): KeptDay(kept) for day, kept in rows}
        return {day: kept for day, kept in found.items() if kept.is_readable}

    def fill(self, days: Iterable[date], count: Callable[[date], Day]) -> int:
        """Count those of the days that are not kept yet; how many that were."""
        query = select(day_figures.c.day).where(day_figures.c.timezone == self._timezone, _IS_COUNTED)
        with self._store.read() as connection:
            kept = set(connection.scalars(query))
        return sum(self._keep(day, count) for day in days if day.isoformat() not in kept)

    def empty(self) -> None:
        """Forget all days, of other time zones too."""
        with self._store.write() as connection:
            connection.execute(delete(day_figures))

    def drop_unreadable(self) -> None:
        """Forget the days that another version counted, which counted other things."""
        columns = day_figures.c
        query = select(columns.day, columns.figures).where(columns.timezone == self._timezone)
        with self._store.read() as connection:
            unreadable = [day for day, kept in connection.execute(query) if kept and not KeptDay(kept).is_readable]
        if unreadable:
            with self._store.write() as connection:
                old = (columns.timezone == self._timezone, columns.day.in_(unreadable))
                connection.execute(delete(day_figures).where(*old))

    def _keep(self, day: date, count: Callable[[date], Day]) -> bool:
        """Announce, count, and keep the count only if nobody has struck the day out meanwhile."""
        announced_at = self._announce(day)
        if announced_at is None:
            return False
        counted = count(day)
        columns = day_figures.c
        same = (columns.day == day.isoformat(), columns.timezone == self._timezone, columns.made_at == announced_at)
        values = {"made_at": self._clock.now(), "figures": folded(counted)}
        with self._store.write() as connection:
            return connection.execute(update(day_figures).where(*same), values).rowcount == 1

    def _between(self, first: date, last: date) -> tuple[ColumnElement[bool], ...]:
        columns = day_figures.c
        return columns.timezone == self._timezone, columns.day >= first.isoformat(), columns.day <= last.isoformat()

    def _announce(self, day: date) -> datetime | None:
        """When this process said that it counts the day; None where another one is at it."""
        now = self._clock.now()
        columns = day_figures.c
        row = {"day": day.isoformat(), "timezone": self._timezone}
        # The columns' own types do not reach a statement of words, so the row begins as old as can be and is then taken.
        first = text(
            "INSERT INTO day_figures (day, timezone, made_at, figures) VALUES (:day, :timezone, '1970-01-01 00:00:00', '{}')"
            " ON CONFLICT DO NOTHING"
        )
        free = (
            columns.day == row["day"],
            columns.timezone == row["timezone"],
            columns.made_at < now - _PATIENCE,
            ~_IS_COUNTED,
        )
        with self._store.write() as connection:
            connection.execute(first, row)
            taken = connection.execute(update(day_figures).where(*free).values(made_at=now)).rowcount
        return now if taken else None
