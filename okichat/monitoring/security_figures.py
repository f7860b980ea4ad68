"""What was refused or is suspicious in some days, added up by the database: by kind and hour, and by anonymous visitor."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from okichat.guard.admission import PERSONAL_DATA
from okichat.monitoring.security_log import KINDS
from okichat.storage.engine import Store
from okichat.storage.functions import hour_of, moment_of
from okichat.storage.tables import security_events

ALARMING = tuple(kind for kind in KINDS if kind != PERSONAL_DATA)  # personal data is masked: nobody did anything wrong
MOST_VISITORS = 10


@dataclass(frozen=True, slots=True)
class VisitorFigures:
    """What one anonymous visitor did on one day, by kind, and when it was last."""

    name: str
    kinds: Counter[str]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SecurityFigures:
    """What happened.

    by_day    how often, by day in the firm's time zone and by kind; days on which nothing happened may be missing
    by_hour   the same by the hour of the day, 0 to 23
    visitors  how many anonymous visitors did something ALARMING; whoever comes on several days counts on each
    worst     those who did most of it, at most MOST_VISITORS; nobody from before the retention is known
    """

    by_day: dict[date, Counter[str]]
    by_hour: dict[int, Counter[str]]
    visitors: int
    worst: list[VisitorFigures]

    @property
    def kinds(self) -> Counter[str]:
        """How often, by kind."""
        counted: Counter[str] = Counter()
        for times in self.by_day.values():
            counted.update(times)
        return counted

    @property
    def alarming(self) -> int:
        """How often something ALARMING happened."""
        return sum(self.kinds[kind] for kind in ALARMING)


def security_figures(store: Store, begin: datetime, timezone: str) -> SecurityFigures:
    """All since `begin`. Raises StoreUnavailable."""
    with store.read() as connection:
        by_day, by_hour = _of_time(connection, begin, ZoneInfo(timezone))
        visitors, worst = _of_visitors(connection, begin)
    return SecurityFigures(by_day, by_hour, visitors, worst)


def _of_time(
    connection: Connection, begin: datetime, zone: ZoneInfo
) -> tuple[dict[date, Counter[str]], dict[int, Counter[str]]]:
    """By day, and by the hour of the day. The database adds up hours, for it knows no days of another time zone."""
    columns = security_events.c
    hour = hour_of(columns.at)
    query = select(hour, columns.kind, func.sum(columns.times)).where(columns.at >= begin).group_by(hour, columns.kind)
    by_day: defaultdict[date, Counter[str]] = defaultdict(Counter)
    by_hour: dict[int, Counter[str]] = {hour: Counter() for hour in range(24)}

    @cache
    def both(text: str) -> tuple[Counter[str], Counter[str]]:
        moment = moment_of(text, zone)
        return by_day[moment.date()], by_hour[moment.hour]

    for text, kind, times in connection.execute(query):
        of_day, of_hour = both(text)
        of_day[kind] += times
        of_hour[kind] += times
    return by_day, by_hour


def _of_visitors(connection: Connection, begin: datetime) -> tuple[int, list[VisitorFigures]]:
    """How many did something ALARMING, and those who did most. The events are gone through once: there may be many."""
    columns = security_events.c
    done = (
        select(columns.visitor, columns.kind, func.sum(columns.times).label("times"), func.max(columns.at).label("at"))
        .where(columns.at >= begin, columns.visitor.is_not(None), columns.kind.in_(ALARMING))
        .group_by(columns.visitor, columns.kind)
        .cte("done")
    )
    total = func.sum(done.c.times).label("total")
    most = (
        select(done.c.visitor, total, func.count().over().label("visitors"))
        .group_by(done.c.visitor)
        .order_by(total.desc(), done.c.visitor)
        .limit(MOST_VISITORS)
        .subquery("most")
    )
    query = (
        select(done, most.c.visitors)
        .join(most, done.c.visitor == most.c.visitor)
        .order_by(most.c.total.desc(), most.c.visitor)
    )
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    last: dict[str, datetime] = {}
    visitors = 0
    for name, kind, times, at, visitors in connection.execute(query):  # noqa: B007 - the same in every row
        kinds[name][kind] = int(times)
        last[name] = max(at, last.get(name, at))
    return visitors, [VisitorFigures(name, counted, last[name]) for name, counted in kinds.items()]
