"""Writes conversations down as they happen. A store that fails costs memory of them, never the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from okichat.answer import Answer, Event, Restart
from okichat.conversations.offer import Outcome, offer_under
from okichat.conversations.submissions import Repeated
from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal
from okichat.question import Question


class Recorder:
    """The conversations, as the assistant uses them: nothing here raises StoreUnavailable."""

    def __init__(self, turns: Turns, journal: Journal) -> None:
        self._turns = turns
        self._journal = journal

    def earlier_answer(self, question: Question) -> Iterator[Answer | None]:
        """For a repeated submission: None while its first answer is being written, then that answer. Else nothing."""
        try:
            self._turns.open(question)
        except Repeated:
            yield from self._first_answer(question)
        except StoreUnavailable as error:
            self._lost(error)

    def words_before(self, question: Question) -> str:
        """All that was asked in its conversation, but for itself."""
        try:
            return self._turns.words(question.conversation, but=question.id)
        except StoreUnavailable as error:
            self._lost(error)
            return ""

    def follow(self, question: Question) -> Question:
        """The question with what came before it in its conversation."""
        if not question.continues:
            return question
        try:
            return question.with_history(*self._turns.history(question.conversation))
        except StoreUnavailable as error:
            self._lost(error)
            return question

    @contextmanager
    def recording(self, question: Question) -> Iterator[Callable[[Event], Event]]:
        """Gives what every event passes through: it keeps the answer and adds to it what follows from its conversation.

        A question whose Answer never passes is abandoned. What its call has cost is written with the answer at the latest."""
        first_word_ms: int | None = None
        kept = False

        def recorded(event: Event) -> Event:
            nonlocal first_word_ms, kept
            if first_word_ms is None and not isinstance(event, Restart) and event.text:
                first_word_ms = round((time.monotonic() - question.arrived_s) * 1000)
            if not isinstance(event, Answer):
                return event
            kept = True
            return self._keep(question, event, first_word_ms)

        with self._turns.gathering():
            try:
                yield recorded
            finally:
                if not kept:
                    self._abandon(question)

    def _keep(self, question: Question, answer: Answer, first_word_ms: int | None) -> Answer:
        try:
            self._turns.close(question, answer, first_word_ms)
        except StoreUnavailable as error:
            self._lost(error)
        told = any(exchange.notice for exchange in question.history)
        return replace(answer, notice_told=told, offers_human=self._offers_human(question, answer))

    def _first_answer(self, question: Question) -> Iterator[Answer | None]:
        try:
            yield from self._turns.repeated(question)
        except StoreUnavailable as error:
            self._lost(error)

    def _offers_human(self, question: Question, answer: Answer) -> bool:
        outcome = Outcome(question.id, answer.answered_by, answer.notice)
        if outcome.helped or not question.continues:
            return False
        try:
            earlier = self._turns.outcomes(question.conversation)
        except StoreUnavailable as error:
            self._lost(error)
            return False
        return offer_under([*(other for other in earlier if other.id != question.id), outcome]) == question.id

    def _abandon(self, question: Question) -> None:
        try:
            self._turns.abandon(question)
        except StoreUnavailable as error:
            self._lost(error)

    def _lost(self, error: StoreUnavailable) -> None:
        self._journal.event("store_unavailable", room="conversations", cause=str(error))
