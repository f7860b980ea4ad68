"""Security events: what is told once when it begins and once when it is over. docs/monitoring.md defines each of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from okichat.clock import Clock
from okichat.guard.admission import INJECTION
from okichat.monitoring.alert_book import OPEN, AlertBook, Facts
from okichat.monitoring.alerts import MODEL_FAULTS
from okichat.monitoring.counting import first_question_at
from okichat.monitoring.journal import Fact, Journal
from okichat.monitoring.passes import count_passes
from okichat.monitoring.security_log import CROSS_SITE, RATE_LIMIT, REFUSAL, SIGN_IN, SPAM, SecurityLog
from okichat.sources.faults import FAULTS
from okichat.storage.engine import Store
from okichat.storage.tables import alerts, security_events, turns

ABUSE, API_ERRORS, OFF_TOPIC, TRAFFIC = "abuse_attempt", "repeated_api_errors", "off_topic_burst", "traffic_peak"
EPISODES = (ABUSE, API_ERRORS, OFF_TOPIC, TRAFFIC)

ABUSE_WINDOW = timedelta(minutes=10)
ABUSE_POINTS = 20  # of one visitor
POINTS = {INJECTION: 4, SPAM: 4, CROSS_SITE: 4, SIGN_IN: 4, RATE_LIMIT: 1, REFUSAL: 1}

API_ERRORS_WINDOW = timedelta(minutes=10)
API_ERRORS_TIMES = 5
# Those of MODEL_FAULTS have alerts of their own; of the last two the question is the cause.
ERRORS = tuple(fault for fault in FAULTS if fault not in (*MODEL_FAULTS, "filtered", "context"))

OFF_TOPIC_WINDOW = timedelta(minutes=15)
OFF_TOPIC_TIMES = 10
OFF_TOPIC_SHARE = 0.5
_OUT_OF_FIELD = (("local", "outside"), ("gpt", "off_topic"))

TRAFFIC_WINDOW = timedelta(hours=1)
TRAFFIC_FLOOR = 50
TRAFFIC_TIMES_USUAL = 3
TRAFFIC_WEEKS = 4

_MOST_SHOWN = 50
_OVER_BELOW = 0.5  # of what begins an episode, so that none begins and ends all the time


@dataclass(frozen=True, slots=True)
class Measured:
    """How near something is to being an episode, which it is from 1.0 on, and what to tell of it."""

    level: float
    facts: Facts


class Episodes:
    """Notices security events. Safe in several processes on one store: each is told once. Methods raise StoreUnavailable."""

    def __init__(
        self, store: Store, clock: Clock, book: AlertBook, journal: Journal, security: SecurityLog, timezone: str
    ) -> None:
        """`timezone` of the firm: in it an hour is compared with the same hour of weeks before."""
        self._store = store
        self._clock = clock
        self._book = book
        self._journal = journal
        self._security = security
        self._zone = ZoneInfo(timezone)
        self._looking = threading.Lock()
        self._has_news = False
        self._act: Callable[[], object] | None = None

    def hear(self, name: str, facts: dict[str, Fact]) -> None:
        """Listen to the journal: after a fault of the model the next look is worth while."""
        if name == "model_fault":
            self.heed()

    def heed(self) -> None:
        """Something happened that may belong to an episode."""
        self._has_news = True
        if self._act:
            self._act()

    def on_news(self, act: Callable[[], object]) -> None:
        """Call `act`, which must be quick, when there is reason for a look."""
        self._act = act

    def look_at_news(self) -> None:
        """Look, if there is reason to."""
        if self._has_news:
            self.look()

    def look(self) -> None:
        """Begin and end episodes by what the store knows."""
        with self._looking:  # whoever comes second finds it done
            self._look()

    def _look(self) -> None:
        self._has_news = False
        self._security.put_counts()
        now = self._clock.now()
        measures: dict[str, Callable[[datetime], Measured]] = {
            ABUSE: self._abuse,
            API_ERRORS: self._api_errors,
            OFF_TOPIC: self._off_topic,
            TRAFFIC: self._traffic,
        }
        going_on = {kind for kind, _, _ in self._book.open_episodes()}
        for kind, measure in measures.items():
            measured = measure(now)
            if kind in going_on:
                if measured.level < _OVER_BELOW and self._book.end(kind, ""):
                    self._journal.event("security_event", kind=kind, state="over")
            elif measured.level >= 1 and self._book.raise_once(kind, "", OPEN, measured.facts):
                self._journal.event("security_event", kind=kind, state="begun", **measured.facts)

    def since(self, begin: datetime) -> list[tuple[str, datetime, datetime | None, Facts]]:
        """What has gone on since `begin`, the newest first: kind, when it began, when it was over, and what was told of it."""
        columns = alerts.c
        lately = or_(columns.raised_at >= begin, columns.ended_at >= begin, columns.period == OPEN)
        query = select(columns.kind, columns.raised_at, columns.ended_at, columns.facts)
        with self._store.read() as connection:
            rows = connection.execute(
                query.where(columns.kind.in_(EPISODES), lately).order_by(columns.raised_at.desc()).limit(_MOST_SHOWN)
            ).all()
        return [(row.kind, row.raised_at, row.ended_at, row.facts) for row in rows]

    def _abuse(self, now: datetime) -> Measured:
        columns = security_events.c
        points = func.sum(columns.times * case(POINTS, value=columns.kind, else_=0))
        query = (
            select(columns.visitor, points, func.sum(columns.times))
            .where(columns.at > now - ABUSE_WINDOW, columns.at <= now, columns.kind.in_(POINTS))
            .group_by(columns.visitor)
            .having(points >= ABUSE_POINTS * _OVER_BELOW)
        )
        with self._store.read() as connection:
            found = [(int(points), int(times)) for _, points, times in connection.execute(query)]
        abusers = [times for points, times in found if points >= ABUSE_POINTS]
        most = max((points for points, _ in found), default=0)
        return Measured(most / ABUSE_POINTS, {"times": sum(abusers), "visitors": len(abusers)})

    def _api_errors(self, now: datetime) -> Measured:
        found: Counter[str] = Counter()
        for (source, reason), count in self._passes(now, API_ERRORS_WINDOW).items():
            fault = reason.removeprefix("paused_")
            if source == "gpt" and fault in ERRORS:
                found[fault] += count
        most = found.most_common(1)
        facts: Facts = {"times": found.total(), "reason": most[0][0] if most else None}
        return Measured(found.total() / API_ERRORS_TIMES, facts)

    def _off_topic(self, now: datetime) -> Measured:
        passes = self._passes(now, OFF_TOPIC_WINDOW)
        times = max(passes[each] for each in _OUT_OF_FIELD)
        if times < OFF_TOPIC_TIMES * _OVER_BELOW:
            return Measured(0, {})
        share = times / max(self._questions(now, OFF_TOPIC_WINDOW), times)
        level = min(times / OFF_TOPIC_TIMES, share / OFF_TOPIC_SHARE)
        return Measured(level, {"times": times, "percent": round(share * 100)})

    def _traffic(self, now: datetime) -> Measured:
        times = self._questions(now, TRAFFIC_WINDOW)
        if times < TRAFFIC_FLOOR * _OVER_BELOW:
            return Measured(0, {})
        here = now.astimezone(self._zone)
        weeks = [(here - timedelta(weeks=week)).astimezone(UTC) for week in range(1, TRAFFIC_WEEKS + 1)]
        first_at = first_question_at(self._store) or now
        before = [moment for moment in weeks if first_at <= moment - TRAFFIC_WINDOW]
        if not before:
            return Measured(0, {})  # nobody knows yet what is usual
        usual = sum(self._questions(moment, TRAFFIC_WINDOW) for moment in before) / len(before)
        level = min(times / TRAFFIC_FLOOR, times / (TRAFFIC_TIMES_USUAL * usual)) if usual else times / TRAFFIC_FLOOR
        return Measured(level, {"times": times, "usual": round(usual)})

    def _passes(self, now: datetime, window: timedelta) -> Counter[tuple[str, str]]:
        with self._store.read() as connection:
            return count_passes(connection, _asked_in(now, window))

    def _questions(self, now: datetime, window: timedelta) -> int:
        with self._store.read() as connection:
            return connection.scalar(select(func.count()).select_from(turns).where(_asked_in(now, window))) or 0


def _asked_in(now: datetime, window: timedelta) -> ColumnElement[bool]:
    return and_(turns.c.asked_at > now - window, turns.c.asked_at <= now)
