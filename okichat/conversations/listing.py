"""Questions as the owner looks through them: by words, rung, topic, notice, opinion and time, newest first.

They are looked through a stretch of time after the other, so that a million of them do not keep the owner waiting: whoever
sets a patience gets what was found within it, and where to go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, cast, or_, select

from okichat.answer import Pass
from okichat.storage.engine import Store
from okichat.storage.tables import turns

_BATCH = 500
_STRETCH = 5_000  # questions that one statement looks through: some milliseconds
_LONGEST_CONVERSATION = 1_000
UNFINISHED = "interrupted"  # stopped, or still being written


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """One question with its answer, both None once they are forgotten; answered_by is UNFINISHED without an answer."""

    id: str
    conversation: str
    asked_at: datetime
    answered_at: datetime | None
    language: str
    question: str | None
    answer: str | None
    answered_by: str
    topics: tuple[str, ...]
    passed: tuple[Pass, ...]
    notice: str | None
    confidence: float | None
    model: str | None
    tokens: int
    cost_microusd: int
    feedback: str | None
    feedback_reason: str | None
    flags: tuple[str, ...] = ()
    first_word_s: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long the answer took; None without one."""
        if self.answered_at is None or self.answered_by == UNFINISHED:
            return None
        return max((self.answered_at - self.asked_at).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions. What is None or empty does not matter; `begin` is included, `end` is not.

    before   only those that come after this one in the list: its time and id
    """

    words: str = ""
    rung: str = ""
    topic: str = ""
    notice: str = ""
    feedback: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    conversation: str = ""
    before: tuple[datetime, str] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. `before` is where to go on, as in Wanted; None where all has been looked through.

    looked_to  how far back was looked, where patience ended before the list was full; else None"""

    asked: list[ListedQuestion]
    before: tuple[datetime, str] | None = None
    looked_to: datetime | None = None


class Questions:
    """Reads the turns. Methods raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, wanted: Wanted, limit: int, patience_s: float | None = None) -> Found:
        """The newest of them, at most so many, as far as they are found within that time."""
        until_s = time.monotonic() + patience_s if patience_s is not None else None
        found: list[ListedQuestion] = []
        while True:
            begin = self._stretch_begins(wanted)
            stretch = replace(wanted, begin=begin or wanted.begin)
            # One more than is wanted tells whether there are more.
            found += self._select(stretch, limit + 1 - len(found))
            if len(found) > limit:
                return Found(found[:limit], _place(found[limit - 1]))
            if begin is None:
                return Found(found)
            wanted = replace(wanted, end=begin, before=None)
            if until_s is not None and time.monotonic() > until_s:
                return Found(found, (begin, ""), begin)

    def all(self, wanted: Wanted) -> Iterator[ListedQuestion]:
        """All of them; no transaction stays open while the caller works on what it has."""
        while True:
            found = self.find(wanted, _BATCH)
            yield from found.asked
            if found.before is None:
                return
            wanted = replace(wanted, before=found.before)

    def conversation(self, conversation: str) -> list[ListedQuestion]:
        """A whole conversation, oldest first."""
        return self._select(Wanted(conversation=conversation), _LONGEST_CONVERSATION)[::-1]

    def _select(self, wanted: Wanted, limit: int) -> list[ListedQuestion]:
        newest = turns.c.asked_at.desc(), turns.c.id.desc()
        query = select(turns).where(*_conditions(wanted)).order_by(*newest).limit(limit)
        with self._store.read() as connection:
            return [_listed(row) for row in connection.execute(query)]

    def _stretch_begins(self, wanted: Wanted) -> datetime | None:
        """So that as many questions as one statement looks through lie behind it; None where fewer are left."""
        query = select(turns.c.asked_at).where(*_between(wanted)).order_by(turns.c.asked_at.desc())
        with self._store.read() as connection:
            found: datetime | None = connection.scalar(query.offset(_STRETCH).limit(1))
        return found


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    columns = turns.c
    for word in wanted.words.split():
        yield or_(columns.question.icontains(word, autoescape=True), columns.answer.icontains(word, autoescape=True))
    if wanted.rung:
        yield columns.answered_by.is_(None) if wanted.rung == UNFINISHED else columns.answered_by == wanted.rung
    if wanted.topic:
        yield cast(columns.citations, Text).contains(f'"topic": "{wanted.topic}"', autoescape=True)
    for column, value in (
        (columns.notice, wanted.notice),
        (columns.feedback, wanted.feedback),
        (columns.conversation, wanted.conversation),
    ):
        if value:
            yield column == value
    yield from _between(wanted)
    if wanted.before:
        at, id = wanted.before
        yield or_(columns.asked_at < at, columns.id < id)


def _between(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """The time alone, as far as an index tells it."""
    if wanted.begin:
        yield turns.c.asked_at >= wanted.begin
    if wanted.end:
        yield turns.c.asked_at < wanted.end
    if wanted.before:
        yield turns.c.asked_at <= wanted.before[0]


def _place(listed: ListedQuestion) -> tuple[datetime, str]:
    return listed.asked_at, listed.id


def _listed(row: Row[Any]) -> ListedQuestion:
    return ListedQuestion(
        id=row.id,
        conversation=row.conversation,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        language=row.language,
        question=row.question,
        answer=row.answer,
        answered_by=row.answered_by or UNFINISHED,
        topics=tuple(citation["topic"] for citation in row.citations or ()),
        passed=tuple(Pass(**passed) for passed in row.passed or ()),
        notice=row.notice,
        confidence=row.confidence,
        model=row.model,
        tokens=(row.input_tokens or 0) + (row.output_tokens or 0),
        cost_microusd=row.cost_microusd or 0,
        feedback=row.feedback,
        feedback_reason=row.feedback_reason,
        flags=tuple(row.flags or ()),
        first_word_s=None if row.first_word_ms is None else row.first_word_ms / 1000,
    )
