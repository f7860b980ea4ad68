"""Adds up the turns and the ledger of some time, by the database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Text, and_, cast, func, select

from okichat.monitoring.figures import UNFINISHED, USEFUL, Figures
from okichat.monitoring.passes import count_passes
from okichat.monitoring.topic_use import Topics, TopicUse
from okichat.storage.engine import Store
from okichat.storage.functions import hour_of, hundredths_between, moment_of
from okichat.storage.tables import balances, ledger, turns


def first_question_at(store: Store) -> datetime | None:
    """When the first question of all was asked. Raises StoreUnavailable."""
    with store.read() as connection:
        first_at: datetime | None = connection.scalar(select(func.min(turns.c.asked_at)))
    return first_at


class Counting:
    """Counts by the days of one time zone. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def spent(self, begin: datetime, end: datetime, month: str | None = None) -> Counter[str]:
        """What the ledger spent in that time, by the month it took it from."""
        with self._store.read() as connection:
            # Named one by one: for a subquery Postgres looks through the whole ledger.
            months = [month] if month else connection.scalars(select(balances.c.month)).all()
            then = and_(ledger.c.month.in_(months), ledger.c.at >= begin, ledger.c.at < end)
            query = (
                select(ledger.c.month, func.sum(ledger.c.spent_change_microusd)).where(then).group_by(ledger.c.month)
            )
            return Counter({month: int(spent) for month, spent in connection.execute(query) if spent})

    def topics(self, begin: datetime, end: datetime) -> dict[tuple[str, str], TopicUse]:
        """How the answers of that time used the topics, by language and public name."""
        found = cast(turns.c.citations, Text)
        query = (
            select(found, turns.c.language, turns.c.feedback, func.count())
            .where(turns.c.asked_at >= begin, turns.c.asked_at < end, turns.c.citations.is_not(None))
            .group_by(found, turns.c.language, turns.c.feedback)
        )
        uses: dict[tuple[str, str], TopicUse] = {}
        with self._store.read() as connection:
            for citations, language, feedback, count in connection.execute(query):
                use = TopicUse(count, count if feedback == "up" else 0, count if feedback == "down" else 0)
                for slug in {citation["topic"] for citation in json.loads(citations) or ()}:
                    uses[language, slug] = uses.get((language, slug), TopicUse()) + use
        return uses

    def figures(self, begin: datetime, end: datetime) -> Figures:
        """What happened in that time."""
        then = and_(turns.c.asked_at >= begin, turns.c.asked_at < end)
        columns = turns.c
        hour, took = hour_of(columns.asked_at), hundredths_between(columns.asked_at, columns.answered_at)
        grouped = (hour, columns.answered_by, columns.feedback)
        sums = [func.sum(column) for column in (columns.cost_microusd, columns.input_tokens, columns.output_tokens)]
        counts = select(*grouped, func.count(), *sums).where(then).group_by(*grouped)
        times = select(took, func.count()).where(then, columns.answered_by.is_not(None)).group_by(took)
        first_word = columns.first_word_ms // 10
        first_words = (
            select(first_word, func.count()).where(then, columns.first_word_ms.is_not(None)).group_by(first_word)
        )
        visitors = select(func.count(columns.visitor.distinct())).where(then)
        with self._store.read() as connection:
            rows = connection.execute(counts).all()
            hundredths: Counter[int] = Counter()
            for value, count in connection.execute(times):
                hundredths[max(value or 0, 0)] += count  # below 0 where the clock went back
            return Figures(
                conversations=connection.scalar(select(func.count(columns.conversation.distinct())).where(then)) or 0,
                visitors=connection.scalar(visitors) or 0,
                first_words=Counter({int(hundredths): count for hundredths, count in connection.execute(first_words)}),
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
            moment = moment_of(hour, self._zone)
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


class CountedDay:
    """A day that is counted now; what nobody asks for is not counted."""

    def __init__(self, counting: Counting, day: date, begin: datetime, end: datetime) -> None:
        self._counting = counting
        self._day = day
        self._span = (begin, end)

    @property
    def figures(self) -> Figures:
        """Its figures."""
        figures = self._counting.figures(*self._span)
        # Counted by whole hours of UTC, which in some time zones belong to two days.
        return replace(figures, days=Counter({self._day: figures.questions} if figures.questions else {}))

    @property
    def topics(self) -> Topics:
        """How its answers used the topics."""
        return self._counting.topics(*self._span)

    @property
    def spent_microusd(self) -> Mapping[str, int]:
        """What the ledger spent."""
        return self._counting.spent(*self._span)
