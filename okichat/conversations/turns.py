"""Every question and its answer, by conversation: for follow-ups, for pages without JavaScript, for repeated submissions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, delete, func, select, update

from okichat.answer import Answer, Citation, Pass, Usage
from okichat.clock import Clock
from okichat.conversations.offer import Outcome, offer_under
from okichat.conversations.submissions import OwnSubmissions, SharedSubmissions, Submissions
from okichat.question import Exchange, Question
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, day_figures, turns

_HISTORY_EXCHANGES = 3
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation. `answer` is None while it is written and, with an `answered_at`, where it was stopped.

    `vote` is what its visitor says of the answer: up, down or None."""

    id: str
    question: str
    language: str
    asked_at: datetime
    answered_at: datetime | None
    answer: Answer | None
    vote: str | None = None


class Turns:
    """The conversations in the store. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock, answered_within_s: float, *, alone: bool = False) -> None:
        """`answered_within_s`: how long an answer can take; an open turn older than that was cut off.

        `alone`: exactly one process runs, so that what is being answered is known without the store."""
        self._store = store
        self._clock = clock
        self._patience = timedelta(seconds=answered_within_s)
        kind = OwnSubmissions if alone else SharedSubmissions
        self._submissions: Submissions = kind(store, clock, self._patience)

    def thread(self, conversation: str) -> tuple[Turn, ...]:
        """The whole conversation, oldest first."""
        query = (
            select(turns)
            .where(turns.c.conversation == conversation, turns.c.question.is_not(None))
            .order_by(turns.c.asked_at)
        )
        with self._store.read() as connection:
            return _in_context([_turn(row) for row in connection.execute(query)])

    def history(self, conversation: str) -> tuple[tuple[Exchange, ...], int]:
        """The last answered exchanges, oldest first, and how many answers of the whole conversation are GPT's."""
        by_gpt = func.sum(case((turns.c.answered_by == "gpt", 1), else_=0)).over().label("by_gpt")
        query = (
            select(turns.c.question, turns.c.answer, turns.c.citations, turns.c.notice, by_gpt)
            .where(turns.c.conversation == conversation, turns.c.answer.is_not(None), turns.c.question.is_not(None))
            .order_by(turns.c.asked_at.desc())
            .limit(_HISTORY_EXCHANGES)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        exchanges = (
            Exchange(row.question, row.answer, tuple(c["topic"] for c in row.citations or ()), row.notice)
            for row in reversed(rows)
        )
        return tuple(exchanges), int(rows[0].by_gpt) if rows else 0

    def words(self, conversation: str, but: str) -> str:
        """The questions of a conversation, all but one, in no particular order."""
        query = select(turns.c.question).where(
            turns.c.conversation == conversation, turns.c.id != but, turns.c.question.is_not(None)
        )
        with self._store.read() as connection:
            return "\n".join(connection.execute(query).scalars())

    def outcomes(self, conversation: str) -> tuple[Outcome, ...]:
        """How each answer of the conversation went, oldest first; also of one whose texts are erased."""
        query = (
            select(turns.c.id, turns.c.answered_by, turns.c.notice, turns.c.feedback)
            .where(turns.c.conversation == conversation, turns.c.answered_by.is_not(None))
            .order_by(turns.c.asked_at)
        )
        with self._store.read() as connection:
            return tuple(Outcome(*row) for row in connection.execute(query))

    def open(self, question: Question) -> None:
        """Note that this question is being answered. Raises Repeated if the same submission came before."""
        self._submissions.begin(question)

    def close(self, question: Question, answer: Answer, first_word_ms: int | None = None) -> None:
        """Keep the answer of an open question, and how long its visitor waited for the first words."""
        columns = {**_answer_columns(answer, self._clock.now()), "first_word_ms": first_word_ms}
        self._submissions.end(question, columns, is_paid=answer.usage is not None)

    def gathering(self) -> AbstractContextManager[None]:
        """While a question is answered: what is to be written for it may wait for its answer; see Store.gathering."""
        return self._store.gathering()

    def abandon(self, question: Question) -> None:
        """The visitor stopped the answer: a repetition may ask again."""
        self._submissions.end(question, {"answered_at": self._clock.now()})

    def rate(self, id: str, conversation: str, up: bool, reason: str | None = None) -> bool:
        """Note whether an answer helped, and why not, without personal data; a second opinion replaces the first.

        False if there is no such answer in that conversation."""
        rated = update(turns).where(turns.c.id == id, turns.c.conversation == conversation, turns.c.answer.is_not(None))
        values = {"feedback": "up" if up else "down", "feedback_reason": reason}
        with self._store.write() as connection:
            asked_at = connection.execute(rated.values(values).returning(turns.c.asked_at)).scalar_one_or_none()
            if asked_at is not None:
                connection.execute(delete(day_figures).where(day_figures.c.day.in_(_days_around(asked_at))))
        return asked_at is not None

    def erase(self, conversation: str) -> None:
        """Empty the texts of a conversation at once, also of an answer that is still being written; the figures stay."""
        self._submissions.forget(conversation)
        with self._store.write(insist=True) as connection:
            connection.execute(update(turns).where(turns.c.conversation == conversation).values(WITHOUT_WORDS))

    def repeated(self, question: Question) -> Iterator[Answer | None]:
        """The answer that the first submission of this question gets: None while it is still being written, then it, last.

        Ends without one if the first submission was stopped or cut off: then this one takes its place."""
        until_s = time.monotonic() + self._patience.total_seconds()
        while time.monotonic() < until_s and self._submissions.is_under_way(question.id):
            yield None
            time.sleep(_POLL_S)
        turn = self._first_submission(question)
        if turn is not None and turn.answer is not None:
            yield turn.answer
        elif turn is not None:
            self._submissions.take_over(question)

    def _first_submission(self, question: Question) -> Turn | None:
        with self._store.read() as connection:
            row = connection.execute(select(turns).where(turns.c.id == question.id)).one_or_none()
        return _turn(row) if row else None


def _days_around(moment: datetime) -> list[str]:
    """Every day that it can be somewhere on earth: their figures have to be counted again."""
    return [(moment + timedelta(days=days)).date().isoformat() for days in (-1, 0, 1)]


def _answer_columns(answer: Answer, now: datetime) -> dict[str, Any]:
    usage = answer.usage
    return {
        "answered_at": now,
        "answer": answer.text,
        "answered_by": answer.answered_by,
        "citations": [{"topic": each.topic, "title": each.title, "link": each.link} for each in answer.citations],
        "suggestions": list(answer.suggestions),
        "passed": [{"source": each.source, "reason": each.reason} for each in answer.passed],
        "notice": answer.notice,
        "confidence": answer.confidence,
        "model": usage and usage.model,
        "input_tokens": usage and usage.input_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cost_microusd": usage and usage.cost_microusd,
    }


def _in_context(thread: Sequence[Turn]) -> tuple[Turn, ...]:
    """The same turns with what follows from their order: a notice is told once, and a human is offered once."""
    answers = [(turn.id, turn.answer, turn.vote) for turn in thread if turn.answer]
    offered = offer_under(Outcome(id, answer.answered_by, answer.notice, vote) for id, answer, vote in answers)
    first_notice = next((id for id, answer, _ in answers if answer.notice), None)
    return tuple(
        replace(
            turn,
            answer=replace(
                turn.answer,
                notice_told=bool(turn.answer.notice) and turn.id != first_notice,
                offers_human=turn.id == offered,
            ),
        )
        if turn.answer
        else turn
        for turn in thread
    )


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        row.id,
        row.question,
        row.language,
        row.asked_at,
        row.answered_at,
        _answer(row) if row.answer is not None else None,
        row.feedback,
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
