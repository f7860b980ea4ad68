"""What was refused or is suspicious in some time, added up by the database: by kind and span, and by anonymous visitor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, column, func, select, values

from okichat.guard.admission import PERSONAL_DATA
from okichat.monitoring.security_log import KINDS
from okichat.storage.engine import Store
from okichat.storage.tables import UtcDateTime, security_events

ALARMING = tuple(kind for kind in KINDS if kind != PERSONAL_DATA)  # personal data is masked: nobody did anything wrong
MOST_VISITORS = 10

Span = tuple[datetime, datetime]  # from when, and before when


@dataclass(frozen=True, slots=True)
class VisitorFigures:
    """What one anonymous visitor did on one day, by kind, and when it was last."""

    name: str
    kinds: Counter[str]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SecurityFigures:
    """What happened.

    by_span   how often, by kind, in each of the spans
    visitors  how many anonymous visitors did something ALARMING; whoever comes on several days counts on each
    worst     those who did most of it, at most MOST_VISITORS; nobody from before the retention is known
    """

    by_span: dict[Span, Counter[str]]
    visitors: int
    worst: list[VisitorFigures]

    @property
    def kinds(self) -> Counter[str]:
        """How often, by kind."""
        counted: Counter[str] = Counter()
        for times in self.by_span.values():
            counted.update(times)
        return counted

    @property
    def alarming(self) -> int:
        """How often something ALARMING happened."""
        kinds = self.kinds
        return sum(kinds[kind] for kind in ALARMING)


def security_figures(store: Store, spans: Sequence[Span]) -> SecurityFigures:
    """What happened in each of these spans, which follow one another, and in all of them. Raises StoreUnavailable."""
    with store.read() as connection:
        by_span = _of_spans(connection, spans)
        visitors, worst = _of_visitors(connection, spans[0][0], spans[-1][1])
    return SecurityFigures(by_span, visitors, worst)


def _of_spans(connection: Connection, spans: Sequence[Span]) -> dict[Span, Counter[str]]:
    """The database is told the spans, for it knows no days of another time zone."""
    columns = security_events.c
    number, begin, end = column("number", Integer), column("begin_at", UtcDateTime), column("end_at", UtcDateTime)
    listed = values(number, begin, end, name="spans").data([(place, *span) for place, span in enumerate(spans)])
    span = listed.cte("spans").c
    query = (
        select(span.number, columns.kind, func.sum(columns.times))
        .where(columns.at >= span.begin_at, columns.at < span.end_at)
        .group_by(span.number, columns.kind)
    )
    found: dict[Span, Counter[str]] = {span: Counter() for span in spans}
    for place, kind, times in connection.execute(query):
        found[spans[place]][kind] = int(times)
    return found


def _of_visitors(connection: Connection, begin: datetime, end: datetime) -> tuple[int, list[VisitorFigures]]:
    """How many did something ALARMING, and those who did most. The events are gone through once: there may be many."""
    columns = security_events.c
    total = func.sum(columns.times)
    of_kinds = [func.sum(columns.times).filter(columns.kind == kind) for kind in ALARMING]
    query = (
        select(func.count().over(), columns.visitor, func.max(columns.at), *of_kinds)
        .where(columns.at >= begin, columns.at < end, columns.visitor.is_not(None), columns.kind.in_(ALARMING))
        .group_by(columns.visitor)
        .order_by(total.desc(), columns.visitor)
        .limit(MOST_VISITORS)
    )
    visitors, worst = 0, []
    for visitors, name, last_at, *times in connection.execute(query):  # noqa: B007 - the same in every row
        kinds = {kind: int(count) for kind, count in zip(ALARMING, times, strict=True) if count}
        worst.append(VisitorFigures(name, Counter(kinds), last_at))
    return visitors, worst
