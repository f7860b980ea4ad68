"""The alerts in the store, where a unique key sees to it that each is given once a period, whoever notices first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from okichat.clock import Clock
from okichat.contact.messages import retry_after_s
from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.tables import alerts

OPEN = "open"
_BUDGET = ("budget_50", "budget_80", "budget_100")

Facts = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Alert:
    """What the operator is told. `kind` names the sentence `alert.<kind>`; `subject` is the model, or empty."""

    kind: str
    subject: str
    raised_at: datetime
    facts: Facts
    tries: int = 0
    period: str = ""

    @property
    def id(self) -> str:
        """The same each time it is sent."""
        return f"okichat.alert.{self.kind}.{self.raised_at:%Y%m%dT%H%M%S}"


class AlertBook:
    """Alerts by kind, subject and period. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, *, can_send: bool) -> None:
        """`can_send`: whether there is a channel; without one alerts are only noted."""
        self._store = store
        self._clock = clock
        self._state = "new" if can_send else "noted"

    def raise_once(
        self, kind: str, subject: str, period: str, facts: Facts | None = None, *, state: str | None = None
    ) -> bool:
        """Note an alert to be sent; False if the period has it already. `period` OPEN lasts until `end`."""
        with self._store.read() as connection:
            if connection.execute(select(alerts.c.kind).where(_is(kind, subject, period))).first():
                return False
        try:
            with self._store.write() as connection:
                self._insert(connection, kind, subject, period, facts or {}, state)
        except StoreUnavailable as unavailable:
            if isinstance(unavailable.__cause__, IntegrityError):
                return False  # another process has noticed at the same moment
            raise
        return True

    def open_episodes(self) -> list[tuple[str, str, datetime]]:
        """Kind, subject and beginning of every fault that lasts."""
        with self._store.read() as connection:
            rows = connection.execute(
                select(alerts.c.kind, alerts.c.subject, alerts.c.raised_at).where(alerts.c.period == OPEN)
            ).all()
        return [(row.kind, row.subject, row.raised_at) for row in rows]

    def end(self, kind: str, subject: str) -> bool:
        """A fault is over: note the alert `<kind>_over`, once. False if there was none, or it has ended before."""
        with self._store.write() as connection:
            row = connection.execute(select(alerts.c.raised_at).where(_is(kind, subject, OPEN))).first()
            if row is None:
                return False
            period = row.raised_at.isoformat()
            ended = update(alerts).where(_is(kind, subject, OPEN)).values(period=period, ended_at=self._clock.now())
            if connection.execute(ended).rowcount != 1:
                return False
            self._insert(connection, f"{kind}_over", subject, period, {}, None)
            return True

    def end_spent_months(self, still_spent: str | None, facts: Facts) -> bool:
        """There is money again: end the alerts of spent budgets but that of the month `still_spent`. True the first time."""
        spent = and_(alerts.c.kind == "budget_100", alerts.c.ended_at.is_(None), alerts.c.period != (still_spent or ""))
        with self._store.read() as connection:
            row = connection.execute(select(alerts.c.raised_at).where(spent).order_by(alerts.c.period.desc())).first()
        if row is None:
            return False
        with self._store.write() as connection:
            if connection.execute(update(alerts).where(spent).values(ended_at=self._clock.now())).rowcount == 0:
                return False
            self._insert(connection, "budget_100_over", "", row.raised_at.isoformat(), facts, None)
            return True

    def end_of_smaller_budget(self, month: str, budget_microusd: int) -> None:
        """The budget was raised: end what the month was told of shares of a smaller one, so that it can be told anew."""
        of_month = and_(alerts.c.kind.in_(_BUDGET), alerts.c.period == month)
        with self._store.read() as connection:
            rows = connection.execute(select(alerts).where(of_month)).all()
        for row in rows:
            if (row.facts.get("budget_microusd") or budget_microusd) < budget_microusd:
                ended = update(alerts).where(_is(row.kind, "", month), _same(row))
                with self._store.write() as connection:
                    connection.execute(ended.values(period=row.raised_at.isoformat(), ended_at=self._clock.now()))

    def claim(self) -> Alert | None:
        """Take the oldest alert whose next try is due; of several processes one gets it."""
        now = self._clock.now()
        due = and_(alerts.c.state == "new", alerts.c.next_try_at <= now)
        first = select(alerts).where(due).order_by(alerts.c.raised_at, alerts.c.kind).limit(1)
        while True:
            with self._store.read() as connection:
                row = connection.execute(first).first()
            if row is None:
                return None
            tries = row.tries + 1
            values = {"tries": tries, "next_try_at": now + timedelta(seconds=retry_after_s(tries))}
            with self._store.write() as connection:
                still_free = and_(_same(row), due)
                if connection.execute(update(alerts).where(still_free).values(values)).rowcount == 1:
                    return Alert(row.kind, row.subject, row.raised_at, row.facts, tries, row.period)

    def sent(self, alert: Alert) -> None:
        """The operator has it."""
        with self._store.write() as connection:
            connection.execute(update(alerts).where(_same(alert)).values(state="sent"))

    def is_sent(self, kind: str, period: str) -> bool:
        """Whether the operator has the alert of that period."""
        query = select(alerts.c.state).where(_is(kind, "", period))
        with self._store.read() as connection:
            return connection.scalar(query) == "sent"

    def newest(self, limit: int) -> list[Alert]:
        """The last alerts, newest first."""
        with self._store.read() as connection:
            rows = connection.execute(select(alerts).order_by(alerts.c.raised_at.desc()).limit(limit)).all()
        return [_alert(row) for row in rows]

    def lasting(self, month: str) -> list[Alert]:
        """What is still so, newest first: open faults, and the highest share of the budget that `month` has crossed."""
        of_month = and_(alerts.c.kind.in_(_BUDGET), alerts.c.period == month, alerts.c.ended_at.is_(None))
        query = select(alerts).where(or_(alerts.c.period == OPEN, of_month)).order_by(alerts.c.raised_at.desc())
        with self._store.read() as connection:
            found = [_alert(row) for row in connection.execute(query)]
        highest = max((alert.kind for alert in found if alert.kind in _BUDGET), key=_BUDGET.index, default=None)
        return [alert for alert in found if alert.kind not in _BUDGET or alert.kind == highest]

    def _insert(
        self, connection: Connection, kind: str, subject: str, period: str, facts: Facts, state: str | None
    ) -> None:
        now = self._clock.now()
        row = {
            "kind": kind,
            "subject": subject,
            "period": period,
            "raised_at": now,
            "facts": facts,
            "state": state or self._state,
            "tries": 0,
            "next_try_at": now,
        }
        connection.execute(insert(alerts), row)


def _alert(row: Row[Any]) -> Alert:
    return Alert(row.kind, row.subject, row.raised_at, row.facts, row.tries, row.period)


def _is(kind: str, subject: str, period: str) -> ColumnElement[bool]:
    return and_(alerts.c.kind == kind, alerts.c.subject == subject, alerts.c.period == period)


def _same(alert: Alert | Row[Any]) -> ColumnElement[bool]:
    """The row of an alert, also after its episode has ended and its period got its name."""
    return and_(alerts.c.kind == alert.kind, alerts.c.subject == alert.subject, alerts.c.raised_at == alert.raised_at)
