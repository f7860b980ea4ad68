"""Where prepared answers are kept for all processes, and what happens while that place is away."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import delete, func, select

from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal
from okichat.storage.engine import Store
from okichat.storage.tables import cached_answers

MOST_ANSWERS = 5000  # a few megabytes
_PAUSE_S = 5.0
_LOOK_EVERY = 50  # answers


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is kept, as JSON, and until when it may be given."""

    answer: str
    expires_at: datetime


class ShelfAway(Exception):
    """The answers cannot be reached just now."""


class Shelf(Protocol):
    """A place for answers that all processes share. Methods raise ShelfAway."""

    def read(self, key: str) -> Kept | None:
        """What is kept under `key`, None for nothing."""
        ...

    def write(self, key: str, kept: Kept) -> None:
        """Keep it, in the place of what was there; the oldest go when there are too many."""
        ...


class Circuit:
    """Spares visitors the wait for a server that has just failed: one question every few seconds tries it again."""

    def __init__(self, journal: Journal, room: str) -> None:
        """`room` names the server in the journal."""
        self._journal = journal
        self._room = room
        self._lock = threading.Lock()
        self._failed = False
        self._again_at_s = 0.0

    def enter(self) -> None:
        """Raises ShelfAway while it is not worth trying."""
        if not self._failed:
            return
        with self._lock:
            if self._failed and time.monotonic() < self._again_at_s:
                raise ShelfAway
            self._again_at_s = time.monotonic() + _PAUSE_S

    def failed(self, cause: BaseException) -> None:
        """It does not answer."""
        with self._lock:
            self._failed = True
            self._again_at_s = time.monotonic() + _PAUSE_S
        self._journal.event("cache_unavailable", room=self._room, cause=type(cause).__name__)

    def answered(self) -> None:
        """It answers."""
        self._failed = False


class StoreShelf:
    """Answers in the database."""

    def __init__(self, store: Store, clock: Clock, journal: Journal) -> None:
        self._store = store
        self._clock = clock
        self._circuit = Circuit(journal, "store")
        self._room = 0  # for so many answers, before somebody has to look

    def read(self, key: str) -> Kept | None:
        """What is kept under `key`. Raises ShelfAway."""
        self._circuit.enter()
        query = select(cached_answers.c.answer, cached_answers.c.expires_at).where(cached_answers.c.key == key)
        try:
            if not self._store.holds(cached_answers, key):  # as nearly always where it is asked
                self._circuit.answered()
                return None
            with self._store.read() as connection:
                row = connection.execute(query).first()
        except StoreUnavailable as error:
            self._circuit.failed(error)
            raise ShelfAway from error
        self._circuit.answered()
        return Kept(row.answer, row.expires_at) if row else None

    def write(self, key: str, kept: Kept) -> None:
        """Keep it, within a quarter of a second; whoever looks in this process finds it. Raises ShelfAway."""
        self._circuit.enter()
        if self._room <= 0:
            try:
                self._room = self._make_room()
            except StoreUnavailable as error:
                self._circuit.failed(error)
                raise ShelfAway from error
            self._circuit.answered()
        self._room -= 1
        row = {"key": key, "made_at": self._clock.now(), "expires_at": kept.expires_at, "answer": kept.answer}
        self._store.put_later(cached_answers, key, row)

    def _make_room(self) -> int:
        """Drop what may not be given again and, where there are too many, the oldest; for how many there is room then."""
        with self._store.write() as connection:
            connection.execute(delete(cached_answers).where(cached_answers.c.expires_at <= self._clock.now()))
            count: int = connection.execute(select(func.count()).select_from(cached_answers)).scalar_one()
            least = max(MOST_ANSWERS // 100, 1)
            if (spare := count - MOST_ANSWERS + least) > 0:
                oldest = select(cached_answers.c.key).order_by(cached_answers.c.made_at).limit(spare)
                connection.execute(delete(cached_answers).where(cached_answers.c.key.in_(oldest)))
                return least
        return min(MOST_ANSWERS - count, _LOOK_EVERY)
