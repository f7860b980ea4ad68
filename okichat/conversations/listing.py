"""Questions as the owner looks through them: by words, rung, topic, notice, opinion and time, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, cast, or_, select

from okichat.answer import Pass
from okichat.storage.engine import Store
from okichat.storage.tables import turns

_BATCH = 500
UNFINISHED = "interrupted"  # stopped, or still being written


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `question` and `answer` are None once they are forgotten; answered_by is UNFINISHED without an answer."""

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


class Questions:
    """Reads the turns. Methods raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, wanted: Wanted, limit: int) -> list[Asked]:
        """The newest of them, at most so many."""
        newest = turns.c.asked_at.desc(), turns.c.id.desc()
        query = select(turns).where(*_conditions(wanted)).order_by(*newest).limit(limit)
        with self._store.read() as connection:
            return [_asked(row) for row in connection.execute(query)]

    def all(self, wanted: Wanted) -> Iterator[Asked]:
        """All of them; no transaction stays open while the caller works on what it has."""
        while batch := self.find(wanted, _BATCH):
            yield from batch
            wanted = replace(wanted, before=(batch[-1].asked_at, batch[-1].id))

    def conversation(self, conversation: str) -> list[Asked]:
        """A whole conversation, oldest first."""
        return list(self.all(Wanted(conversation=conversation)))[::-1]


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
    if wanted.begin:
        yield columns.asked_at >= wanted.begin
    if wanted.end:
        yield columns.asked_at < wanted.end
    if wanted.before:
        at, id = wanted.before
        yield or_(columns.asked_at < at, and_(columns.asked_at == at, columns.id < id))


def _asked(row: Row[Any]) -> Asked:
    return Asked(
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
    )
