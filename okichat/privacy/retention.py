"""Forgets what visitors wrote, and which of them was refused what, once it is old enough; the figures stay."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from okichat.clock import Clock
from okichat.contact.messages import Messages
from okichat.privacy.names import forget_names
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, security_events, turns

_STEP = timedelta(days=1)
_HAS_WORDS = or_(turns.c.question.is_not(None), turns.c.answer.is_not(None))


class Retention:
    """Erases conversations, delivered messages and who was refused what, after some days. Safe in several processes."""

    def __init__(self, store: Store, messages: Messages, clock: Clock, days: int) -> None:
        self._store = store
        self._messages = messages
        self._clock = clock
        self._kept_for = timedelta(days=days)
        self._erased_to: datetime | None = None
        self._names_forgotten_on: date | None = None

    def purge(self) -> int:
        """Erase what is due; how many questions and messages that were. Raises StoreUnavailable."""
        oldest_kept = self._clock.now() - self._kept_for
        erased = self._erase_words(oldest_kept)
        if self._names_forgotten_on != oldest_kept.date():  # they change daily, so they are forgotten by whole days
            forget_names(self._store, oldest_kept)
            self._names_forgotten_on = oldest_kept.date()
        self._forget_who_was_refused(oldest_kept.replace(minute=0, second=0, microsecond=0))
        return erased + self._messages.erase_before(oldest_kept)

    def _erase_words(self, oldest_kept: datetime) -> int:
        """Day by day, so that no visitor waits long for the store; how many questions had words.

        What was looked through is not looked through again before the next day: it may be a million questions."""
        erased, since = 0, self._erased_to
        if since is not None and since.date() != oldest_kept.date():
            since = None  # e.g. a backup may have been restored meanwhile
        while (first := self._first_with_words(since, oldest_kept)) is not None:
            since = min(first + _STEP, oldest_kept)
            due = (turns.c.asked_at >= first, turns.c.asked_at < since, _HAS_WORDS)
            with self._store.write() as connection:
                erased += connection.execute(update(turns).where(*due).values(WITHOUT_WORDS)).rowcount
        self._erased_to = oldest_kept
        return erased

    def _first_with_words(self, since: datetime | None, before: datetime) -> datetime | None:
        after = () if since is None else (turns.c.asked_at >= since,)
        query = select(turns.c.asked_at).where(*after, turns.c.asked_at < before, _HAS_WORDS)
        with self._store.read() as connection:
            found: datetime | None = connection.scalar(query.order_by(turns.c.asked_at).limit(1))
        return found

    def _forget_who_was_refused(self, oldest_kept: datetime) -> None:
        """One row an hour and kind takes the place of those that name visitors and details."""
        columns = security_events.c
        names = or_(columns.visitor.is_not(None), columns.detail.is_not(None))
        due = delete(security_events).where(columns.at < oldest_kept, names)
        counted: Counter[tuple[datetime, str]] = Counter()
        with self._store.write() as connection:
            for at, kind, times in connection.execute(due.returning(columns.at, columns.kind, columns.times)):
                counted[at.replace(minute=0, second=0, microsecond=0), kind] += times
            if counted:
                rows = [
                    {"id": secrets.token_hex(16), "at": hour, "kind": kind, "times": times}
                    for (hour, kind), times in counted.items()
                ]
                connection.execute(insert(security_events), rows)
