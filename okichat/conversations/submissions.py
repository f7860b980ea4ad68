"""Submissions of questions: which are being answered, so that a repeated one (double click, reload) is answered once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Text, case, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, turns

Columns = dict[str, Any]


class Repeated(Exception):
    """This submission came before (double click, reload)."""


class Submissions(Protocol):
    """Where it is known what is being answered. Methods raise StoreUnavailable."""

    def begin(self, question: Question) -> None:
        """Note that this question is being answered. Raises Repeated if the same submission came before."""
        ...

    def end(self, question: Question, columns: Columns, *, is_paid: bool = False) -> None:
        """Keep `columns` of its turn: the answer, or that it was stopped."""
        ...

    def is_under_way(self, id: str) -> bool:
        """Whether the answer is still being written; one that takes too long was cut off."""
        ...

    def take_over(self, question: Question) -> None:
        """A repetition is answered in the place of a first submission that was stopped or cut off."""
        ...

    def forget(self, conversation: str) -> None:
        """The conversation is being erased: of what is under way in it, the figures are kept and no texts."""
        ...


class SharedSubmissions:
    """In the store, for any number of processes: one write when a question comes, one when it is answered."""

    def __init__(self, store: Store, clock: Clock, patience: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience

    def begin(self, question: Question) -> None:
        """Write the question down. Raises Repeated."""
        try:
            with self._store.write() as connection:
                connection.execute(insert(turns), _asked(question, self._clock.now()))
        except StoreUnavailable as unavailable:
            if isinstance(unavailable.__cause__, IntegrityError):
                raise Repeated from unavailable
            raise

    def end(self, question: Question, columns: Columns, *, is_paid: bool = False) -> None:
        """Complete its row; what was stopped does not replace an answer."""
        row = update(turns).where(turns.c.id == question.id)
        if "answer" in columns:
            not_erased = turns.c.question.is_not(None)
            columns = {**columns, "answer": case((not_erased, literal(columns["answer"], Text)))}
        else:
            row = row.where(turns.c.answer.is_(None))
        with self._store.write() as connection:
            connection.execute(row.values(columns))

    def is_under_way(self, id: str) -> bool:
        """Whether its row is open, and not for too long."""
        query = select(turns.c.asked_at).where(turns.c.id == id, turns.c.answered_at.is_(None))
        with self._store.read() as connection:
            asked_at = connection.execute(query).scalar_one_or_none()
        return asked_at is not None and self._clock.now() - asked_at <= self._patience

    def take_over(self, question: Question) -> None:
        """Open its row again."""
        unanswered = update(turns).where(turns.c.id == question.id, turns.c.answer.is_(None))
        with self._store.write() as connection:
            connection.execute(unanswered, {"asked_at": self._clock.now(), "answered_at": None})

    def forget(self, conversation: str) -> None:
        """Nothing to do: an erased row is known by its question, which is gone."""


class OwnSubmissions:
    """In memory, where exactly one process runs: one row, written when a question is answered.

    What was paid is written before the visitor has the answer, everything else a moment later."""

    def __init__(self, store: Store, clock: Clock, patience: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._asked_at: dict[str, datetime] = {}
        self._erased_at: dict[str, datetime] = {}  # by conversation

    def begin(self, question: Question) -> None:
        """Remember the question. Raises Repeated."""
        with self._lock:
            if question.id in self._asked_at:
                raise Repeated
            self._asked_at[question.id] = self._clock.now()
        if not question.comes_first and self._store.holds(turns, question.id):
            with self._lock:
                del self._asked_at[question.id]
            raise Repeated

    def end(self, question: Question, columns: Columns, *, is_paid: bool = False) -> None:
        """Hand its row over to the store; what was stopped does not replace an answer."""
        with self._lock:
            asked_at = self._asked_at.get(question.id)
            erased_at = self._erased_at.get(question.conversation)
        if asked_at is not None or "answer" in columns:
            row = {**_NOTHING, **_asked(question, asked_at or self._clock.now()), **columns}
            if asked_at and erased_at and asked_at <= erased_at:
                row |= WITHOUT_WORDS
            self._store.put_later(turns, question.id, row)
        with self._lock:  # only now: until here the memory answers for it, from here on the store
            self._asked_at.pop(question.id, None)
        if is_paid:
            self._store.write_now()

    def is_under_way(self, id: str) -> bool:
        """Whether it is remembered, and not for too long."""
        with self._lock:
            asked_at = self._asked_at.get(id)
        return asked_at is not None and self._clock.now() - asked_at <= self._patience

    def take_over(self, question: Question) -> None:
        """Remember it again."""
        with self._lock:
            self._asked_at[question.id] = self._clock.now()

    def forget(self, conversation: str) -> None:
        """Remember the erasure, for as long as an answer may take that was begun before it."""
        now = self._clock.now()
        with self._lock:
            self._erased_at = {id: at for id, at in self._erased_at.items() if now - at <= self._patience}
            self._erased_at[conversation] = now


_NOTHING: Columns = {"citations": [], "suggestions": [], "passed": []}


def _asked(question: Question, now: datetime) -> Columns:
    return {
        "id": question.id,
        "conversation": question.conversation,
        "asked_at": now,
        "language": question.language,
        "question": question.text,
        "visitor": question.visitor or None,
        "flags": list(question.flags) or None,
    }
