"""The figures of today and of the last days, added up by the database; finished days are remembered for a while."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Text, and_, cast, func, select

from okichat.clock import Clock
from okichat.monitoring.figures import UNFINISHED, USEFUL, Figures
from okichat.monitoring.passes import count_passes
from okichat.storage.engine import Store
from okichat.storage.functions import hour_of, hundredths_between
from okichat.storage.tables import ledger, turns

# A finished day changes only by what visitors say of old answers.
_REMEMBERED_FOR = timedelta(hours=1)
_PREPARED_BEFORE = timedelta(minutes=5)
_LONGEST_PERIOD_DAYS = 90


@dataclass(frozen=True, slots=True)
class TopicUse:
    """How often answers stood on a topic, and what visitors said of them."""

    hits: int
    up: int
    down: int


class Summary:
    """Figures by the days of the firm's time zone. Methods raise StoreUnavailable. Safe with many threads."""

    def __init__(self, store: Store, clock: Clock, timezone: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._older: tuple[datetime, Figures] | None = None  # until when, what
        self._finished: dict[date, tuple[datetime, Figures]] = {}

    @property
    def today(self) -> date:
        """The day it is for the firm."""
        return self._clock.now().astimezone(self._zone).date()

    def last(self, days: int) -> Figures:
        """The last so many days, today included: 1 is today alone."""
        return reduce(add, (self._day(day) for day in self.days(days)))

    def ever(self) -> Figures:
        """All there is. What is older than yesterday is added up once a day; opinions of that may be as old."""
        yesterday = self._begin(self.today - timedelta(days=1))
        if self._older is None or self._older[0] != yesterday:
            self._older = (yesterday, self._between(datetime.min.replace(year=1970, tzinfo=UTC), yesterday))
        return self._older[1] + self.last(2)

    def prepare(self) -> None:
        """Have the finished days of every period at hand, so that the owner need not wait for them."""
        for day in self.days(_LONGEST_PERIOD_DAYS):
            self._day(day, _PREPARED_BEFORE)

    def days(self, days: int) -> list[date]:
        """The last so many days, the earliest first."""
        return [self.today - timedelta(days=back) for back in range(days - 1, -1, -1)]

    def bounds(self, day: date) -> tuple[datetime, datetime]:
        """When a day of the firm begins and ends."""
        return self._begin(day), self._begin(day + timedelta(days=1))

    def spent_by_day(self, month: str) -> dict[date, int]:
        """What the ledger of a month ("2026-11") has spent up to the end of each day so far, in millionths of a dollar."""
        hour = hour_of(ledger.c.at)
        query = select(hour, func.sum(ledger.c.spent_change_microusd)).where(ledger.c.month == month).group_by(hour)
        with self._store.read() as connection:
            changes = [(self._moment(text).date(), int(change)) for text, change in connection.execute(query)]
        first = date.fromisoformat(f"{month}-01")
        length = max(self.today.toordinal() - first.toordinal() + 1, 1)
        days = [first + timedelta(days=number) for number in range(length)]
        return {day: sum(change for at, change in changes if at <= day) for day in days}

    def topics(self, days: int) -> dict[tuple[str, str], TopicUse]:
        """How the topics were used in the last so many days, by language and public name."""
        since = self._begin(self.days(days)[0])
        found = cast(turns.c.citations, Text)
        query = (
            select(found, turns.c.language, turns.c.feedback, func.count())
            .where(turns.c.asked_at >= since, turns.c.citations.is_not(None))
            .group_by(found, turns.c.language, turns.c.feedback)
        )
        hits: Counter[tuple[str, str]] = Counter()
        rated: Counter[tuple[str, str, str | None]] = Counter()
        with self._store.read() as connection:
            for citations, language, feedback, count in connection.execute(query):
                for slug in {citation["topic"] for citation in json.loads(citations) or ()}:
                    hits[language, slug] += count
                    rated[language, slug, feedback] += count
        return {topic: TopicUse(count, rated[*topic, "up"], rated[*topic, "down"]) for topic, count in hits.items()}

    def _day(self, day: date, margin: timedelta = timedelta()) -> Figures:
        now = self._clock.now()
        until, kept = self._finished.get(day, (now, None))
        if kept is not None and now + margin < until:
            return kept
        figures = self._between(*self.bounds(day))
        if (self.today - day).days > 1:
            self._finished[day] = (now + _REMEMBERED_FOR, figures)
            for old in [known for known in list(self._finished) if (day - known).days > 100]:
                self._finished.pop(old, None)
        return figures

    def _between(self, begin: datetime, end: datetime) -> Figures:
        then = and_(turns.c.asked_at >= begin, turns.c.asked_at < end)
        columns = turns.c
        hour, took = hour_of(columns.asked_at), hundredths_between(columns.asked_at, columns.answered_at)
        grouped = (hour, columns.answered_by, columns.feedback)
        sums = [func.sum(column) for column in (columns.cost_microusd, columns.input_tokens, columns.output_tokens)]
        counts = select(*grouped, func.count(), *sums).where(then).group_by(*grouped)
        times = select(took, func.count()).where(then, columns.answered_by.is_not(None)).group_by(took)
        with self._store.read() as connection:
            rows = connection.execute(counts).all()
            hundredths: Counter[int] = Counter()
            for value, count in connection.execute(times):
                hundredths[max(value or 0, 0)] += count  # below 0 where the clock went back
            return Figures(
                conversations=connection.scalar(select(func.count(columns.conversation.distinct())).where(then)) or 0,
                passes=count_passes(connection, then),
                hundredths=hundredths,
                **self._counted(rows),
            )

    def _counted(self, rows: Iterable[Any]) -> dict[str, Any]:
        hours: Counter[int] = Counter()
        days: Counter[date] = Counter()
        rungs: Counter[str] = Counter()
        ratings: Counter[str] = Counter()
        tokens: Counter[str] = Counter()
        cost_microusd = disliked = 0
        for hour, rung, rating, count, cost, input_tokens, output_tokens in rows:
            moment = self._moment(hour)
            hours[moment.hour] += count
            days[moment.date()] += count
            rungs[rung or UNFINISHED] += count
            if rating:
                ratings[rating] += count
            disliked += count if rating == "down" and rung in USEFUL else 0
            cost_microusd += int(cost or 0)
            tokens.update(input=int(input_tokens or 0), output=int(output_tokens or 0))
        counted = {"hours": hours, "days": days, "rungs": rungs, "ratings": ratings, "tokens": tokens}
        return {**counted, "cost_microusd": cost_microusd, "disliked": disliked}

    def _begin(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def _moment(self, hour: str) -> datetime:
        return datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC).astimezone(self._zone)
