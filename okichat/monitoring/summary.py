"""The figures of today and of the last days: those of finished days from the book of days, the others counted now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice
from zoneinfo import ZoneInfo

from okichat.clock import Clock
from okichat.monitoring.counting import CountedDay, Counting, first_question_at
from okichat.monitoring.day import Day
from okichat.monitoring.day_book import DayBook
from okichat.monitoring.figures import Figures, sum_of_figures
from okichat.monitoring.topic_use import Topics, TopicUse, sum_of_topics
from okichat.storage.engine import Store

# After midnight answers of the day before are still being written.
_FINISHED_AFTER = timedelta(minutes=10)
_MOST_SUMS = 15
PREPARED_DAYS = (7, 30, 90)  # the spans that `prepare` adds up, so that a screen has them at once


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the book says of some days together, by when each was counted; and of each its hours."""

    stamps: Mapping[date, datetime]
    figures: Figures
    topics: Topics
    hours: Mapping[date, Counter[int]]


class Summary:
    """Figures by the days of the firm's time zone. Methods raise StoreUnavailable. Safe with many threads."""

    def __init__(self, store: Store, clock: Clock, timezone: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._counting = Counting(store, self._zone)
        self._book = DayBook(store, clock, timezone)
        self._older: tuple[date, Figures] | None = None  # up to which day, what
        self._sums: dict[tuple[date, date], _Kept] = {}
        self._is_readable = False

    @property
    def today(self) -> date:
        """The day it is for the firm."""
        return self._clock.now().astimezone(self._zone).date()

    def last(self, days: int) -> Figures:
        """The last so many days, today included: 1 is today alone."""
        return self._figures(self.days(days))

    def between(self, first: date, last: date) -> Figures:
        """From one day to another, both included."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return self._figures(days)

    def ever(self) -> Figures:
        """All there is. What is older than yesterday is added up once a day; opinions of that may be as old."""
        today, older = self.today, self._older
        if older is None or older[0] != today:
            older = self._older = (today, self._figures(days) if (days := self._all_days()[:-2]) else Figures())
        return sum_of_figures([older[1], self.last(2)])

    def prepare(self) -> None:
        """Count the finished days that are not in the book yet, the newest first, and add up the periods of the screens, so
        that nobody has to wait for them."""
        if not self._is_readable:
            self._book.drop_unreadable()
            self._is_readable = True
        self._fill_book()
        for days in PREPARED_DAYS:
            self._kept(self.days(days))

    def rebuild(self) -> int:
        """Count all finished days again; how many that were."""
        self._book.empty()
        self._older, self._sums = None, {}
        return self._fill_book()

    def first_day(self) -> date:
        """The day of the first question; today where there is none, or where the clock has gone back behind it."""
        first_at = first_question_at(self._store)
        return min(first_at.astimezone(self._zone).date(), self.today) if first_at else self.today

    def days(self, days: int) -> list[date]:
        """The last so many days, the earliest first."""
        return [self.today - timedelta(days=back) for back in range(days - 1, -1, -1)]

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """When a day of the firm begins and ends."""
        return self._begin(day), self._begin(day + timedelta(days=1))

    def spent_by_day(self, month: str) -> dict[date, int]:
        """What the ledger of a month ("2026-11") has spent up to the end of each day so far, in millionths of a dollar."""
        first = date.fromisoformat(f"{month}-01")
        length = max(self.today.toordinal() - first.toordinal() + 1, 1)
        days = [first + timedelta(days=number) for number in range(length)]
        spent_before = self._counting.spent(datetime.min.replace(year=1970, tzinfo=UTC), self._begin(first), month)
        changes = (day.spent_microusd.get(month, 0) for day in self._of(days))
        totals = accumulate(changes, initial=spent_before[month])
        return dict(zip(days, islice(totals, 1, None), strict=True))

    def hours(self, days: int) -> dict[date, Counter[int]]:
        """The questions of each of the last so many days by the hour of the firm's day, 0 to 23; the earliest day first."""
        span = self.days(days)
        kept = self._kept(span)
        others = {day: self._count(day).figures.hours for day in self._others(span, kept)}
        return {day: kept.hours.get(day) or others.get(day, Counter()) for day in span}

    def topics(self, days: int) -> dict[tuple[str, str], TopicUse]:
        """How the topics were used in the last so many days, by language and public name."""
        span = self.days(days)
        kept = self._kept(span)
        return sum_of_topics([kept.topics, *(self._count(day).topics for day in self._others(span, kept))])

    def _fill_book(self) -> int:
        return self._book.fill((day for day in reversed(self._all_days()) if self._is_finished(day)), self._count)

    def _figures(self, days: list[date]) -> Figures:
        kept = self._kept(days)
        return sum_of_figures([kept.figures, *(self._count(day).figures for day in self._others(days, kept))])

    def _others(self, days: list[date], kept: _Kept) -> list[date]:
        """Those that the book does not tell; before the first question there is nothing to count."""
        missing = [day for day in days if day not in kept.stamps]
        first = self.first_day() if len(missing) > 2 else missing[0] if missing else self.today
        return [day for day in missing if day >= first]

    def _kept(self, days: list[date]) -> _Kept:
        """What the book says of the finished ones of these days, remembered until it says something else."""
        if len(days) == 1:
            return _Kept({}, Figures(), {}, {})
        stamps, span = self._book.stamps(days[0], days[-1]), (days[0], days[-1])
        known = self._sums.get(span)
        if known is None or known.stamps != stamps:
            read = self._book.read(*span)
            found = {day: read[day] for day in stamps if day in read}
            figures, topics = {day: kept.figures for day, kept in found.items()}, (day.topics for day in found.values())
            known = _Kept(
                {day: made_at for day, made_at in stamps.items() if day in read},
                sum_of_figures(figures.values()),
                sum_of_topics(topics),
                {day: each.hours for day, each in figures.items()},
            )
            self._sums = {**dict(list(self._sums.items())[-_MOST_SUMS:]), span: known}
        return known

    def _all_days(self) -> list[date]:
        """Every day of which there can be anything, the earliest first; at least today."""
        today, first = self.today, self.first_day()
        return [today - timedelta(days=back) for back in range((today - first).days, -1, -1)]

    def _is_finished(self, day: date) -> bool:
        return self._clock.now() >= self._begin(day + timedelta(days=1)) + _FINISHED_AFTER

    def _of(self, days: list[date]) -> Iterator[Day]:
        """These days, in this order: from the book where they are in it, else counted."""
        kept = self._book.read(days[0], days[-1]) if len(days) > 1 else {}
        for day in days:
            yield kept.get(day) or self._count(day)

    def _count(self, day: date) -> Day:
        return CountedDay(self._counting, day, *self.bounds(day))

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)
