"""Every question and its answer, by conversation: for follow-ups, for pages without JavaScript, for repeated submissions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Update, insert, select, update
from sqlalchemy.exc import IntegrityError

from okichat.answer import Answer, Citation, Pass, Usage
from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.guard.redaction import redact
from okichat.question import Exchange, Question, clean_text
from okichat.storage.engine import Store
from okichat.storage.tables import turns

_HISTORY_EXCHANGES = 3
_POLL_S = 0.1
_MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation. `answer` is None while it is written and, with an `answered_at`, where it was stopped."""

    id: str
    question: str
    language: str
    asked_at: datetime
    answered_at: datetime | None
    answer: Answer | None


class Turns:
    """The conversations in the store. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, answered_within_s: float) -> None:
        """`answered_within_s`: how long an answer can take; an open turn older than that was cut off."""
        self._store = store
        self._clock = clock
        self._patience = timedelta(seconds=answered_within_s)

    def thread(self, conversation: str) -> tuple[Turn, ...]:
        """The whole conversation, oldest first."""
        query = (
            select(turns)
            .where(turns.c.conversation == conversation, turns.c.question.is_not(None))
            .order_by(turns.c.asked_at)
        )
        with self._store.read() as connection:
            return tuple(_told_once(_turn(row) for row in connection.execute(query)))

    def history(self, conversation: str) -> tuple[Exchange, ...]:
        """The last answered exchanges, oldest first."""
        query = (
            select(turns.c.question, turns.c.answer, turns.c.citations, turns.c.notice)
            .where(turns.c.conversation == conversation, turns.c.answer.is_not(None), turns.c.question.is_not(None))
            .order_by(turns.c.asked_at.desc())
            .limit(_HISTORY_EXCHANGES)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Exchange(row.question, row.answer, tuple(c["topic"] for c in row.citations or ()), row.notice)
            for row in reversed(rows)
        )

    def open(self, question: Question) -> None:
        """Note that this question is being answered. Raises Repeated if the same submission came before."""
        values = {
            "id": question.id,
            "conversation": question.conversation,
            "asked_at": self._clock.now(),
            "language": question.language,
            "question": question.text,
        }
        try:
            with self._store.write() as connection:
                connection.execute(insert(turns), values)
        except StoreUnavailable as unavailable:
            if isinstance(unavailable.__cause__, IntegrityError):
                raise Repeated from unavailable
            raise

    def close(self, question: Question, answer: Answer) -> None:
        """Keep the answer of an open question."""
        with self._store.write() as connection:
            connection.execute(
                update(turns).where(turns.c.id == question.id), _answer_columns(answer, self._clock.now())
            )

    def abandon(self, question: Question) -> None:
        """The visitor stopped the answer: a repetition may ask again."""
        with self._store.write() as connection:
            connection.execute(_unanswered(question), {"answered_at": self._clock.now()})

    def rate(self, id: str, conversation: str, up: bool, reason: str | None = None) -> bool:
        """Note whether an answer helped, and the visitor's reason, if any; a second opinion replaces the first.

        False if there is no such answer in that conversation."""
        rated = update(turns).where(turns.c.id == id, turns.c.conversation == conversation, turns.c.answer.is_not(None))
        kept = redact(clean_text(reason)[:_MAX_REASON_CHARS]).text if reason else None
        values = {"feedback": "up" if up else "down", "feedback_reason": kept or None}
        with self._store.write() as connection:
            return connection.execute(rated, values).rowcount == 1

    def repeated(self, question: Question) -> Iterator[Answer | None]:
        """The answer that the first submission of this question gets: None while it is still being written, then it, last.

        Ends without one if the first submission was stopped or cut off: then this one takes its place."""
        started = time.monotonic()
        while time.monotonic() - started < self._patience.total_seconds():
            turn = self._first_submission(question)
            if turn is None or turn.answer is not None:
                yield from [turn.answer] if turn else []
                return
            if turn.answered_at is not None or self._clock.now() - turn.asked_at > self._patience:
                break
            yield None
            time.sleep(_POLL_S)
        with self._store.write() as connection:
            connection.execute(_unanswered(question), {"asked_at": self._clock.now(), "answered_at": None})

    def _first_submission(self, question: Question) -> Turn | None:
        with self._store.read() as connection:
            row = connection.execute(select(turns).where(turns.c.id == question.id)).one_or_none()
        return _turn(row) if row else None


class Repeated(Exception):
    """This submission came before (double click, reload)."""


def _unanswered(question: Question) -> Update:
    return update(turns).where(turns.c.id == question.id, turns.c.answer.is_(None))


def _answer_columns(answer: Answer, now: datetime) -> dict[str, Any]:
    usage = answer.usage
    return {
        "answered_at": now,
        "answer": answer.text,
        "answered_by": answer.answered_by,
        "citations": [asdict(citation) for citation in answer.citations],
        "suggestions": list(answer.suggestions),
        "passed": [asdict(passed) for passed in answer.passed],
        "notice": answer.notice,
        "confidence": answer.confidence,
        "model": usage and usage.model,
        "input_tokens": usage and usage.input_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cost_microusd": usage and usage.cost_microusd,
    }


def _told_once(turns_in_order: Iterable[Turn]) -> Iterator[Turn]:
    """The same turns; after the first notice of a conversation the others count as told."""
    told = False
    for turn in turns_in_order:
        yield replace(turn, answer=replace(turn.answer, notice_told=told)) if turn.answer else turn
        told = told or bool(turn.answer and turn.answer.notice)


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        row.id,
        row.question,
        row.language,
        row.asked_at,
        row.answered_at,
        _answer(row) if row.answer is not None else None,
    )


def _answer(row: Row[Any]) -> Answer:
    usage = None
    if row.model is not None:
        usage = Usage(row.model, row.input_tokens, row.cached_input_tokens, row.output_tokens, row.cost_microusd)
    return Answer(
        text=row.answer,
        answered_by=row.answered_by,
        citations=tuple(Citation(**citation) for citation in row.citations),
        suggestions=tuple(row.suggestions),
        passed=tuple(Pass(**passed) for passed in row.passed),
        notice=row.notice,
        confidence=row.confidence,
        usage=usage,
    )
