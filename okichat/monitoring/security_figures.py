"""What was refused or is suspicious in some days, added up by the database: by kind and hour, and by anonymous visitor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
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

    hours     how often, by hour (aware, in the firm's time zone) and kind
    visitors  how many anonymous visitors did something ALARMING; whoever comes on several days counts on each
    worst     those who did most of it, at most MOST_VISITORS; nobody from before the retention is known
    """

    hours: Counter[tuple[datetime, str]]
    visitors: int
    worst: list[VisitorFigures]

    @property
    def kinds(self) -> Counter[str]:
        """How often, by kind."""
        counted: Counter[str] = Counter()
        for (_, kind), times in self.hours.items():
            counted[kind] += times
        return counted

    @property
    def alarming(self) -> int:
        """How often something ALARMING happened."""
        return sum(self.kinds[kind] for kind in ALARMING)

    def by_hour(self) -> dict[int, Counter[str]]:
        """By the hour of the day, 0 to 23."""
        counted: dict[int, Counter[str]] = {hour: Counter() for hour in range(24)}
        for (moment, kind), times in self.hours.items():
            counted[moment.hour][kind] += times
        return counted

    def by_day(self, days: list[date]) -> dict[date, Counter[str]]:
        """By day, of these days."""
        counted: dict[date, Counter[str]] = {day: Counter() for day in days}
        for (moment, kind), times in self.hours.items():
            if moment.date() in counted:
                counted[moment.date()][kind] += times
        return counted


def security_figures(store: Store, begin: datetime, timezone: str) -> SecurityFigures:
    """All since `begin`. Raises StoreUnavailable."""
    zone = ZoneInfo(timezone)
    columns = security_events.c
    hour = hour_of(columns.at)
    moment = cache(partial(moment_of, zone=zone))  # each hour comes once for every kind
    by_hour = (
        select(hour, columns.kind, func.sum(columns.times)).where(columns.at >= begin).group_by(hour, columns.kind)
    )
    alarming = (columns.at >= begin, columns.visitor.is_not(None), columns.kind.in_(ALARMING))
    with store.read() as connection:
        hours = Counter({(moment(text), str(kind)): int(times) for text, kind, times in connection.execute(by_hour)})
        visitors = connection.scalar(select(func.count(columns.visitor.distinct())).where(*alarming)) or 0
        times = func.sum(columns.times)
        most = select(columns.visitor).where(*alarming).group_by(columns.visitor).order_by(times.desc())
        names = connection.execute(most.order_by(columns.visitor).limit(MOST_VISITORS)).scalars().all()
        worst = _of_visitors(connection, list(names), begin)
    return SecurityFigures(hours, visitors, worst)


def _of_visitors(connection: Connection, names: list[str], begin: datetime) -> list[VisitorFigures]:
    """In the order of `names`."""
    columns = security_events.c
    query = (
        select(columns.visitor, columns.kind, func.sum(columns.times), func.max(columns.at))
        .where(columns.at >= begin, columns.visitor.in_(names), columns.kind.in_(ALARMING))
        .group_by(columns.visitor, columns.kind)
    )
    kinds: dict[str, Counter[str]] = {name: Counter() for name in names}
    last: dict[str, datetime] = {}
    for name, kind, times, at in connection.execute(query):
        kinds[name][kind] += int(times)
        last[name] = max(at, last.get(name, at))
    return [VisitorFigures(name, kinds[name], last[name]) for name in names]
