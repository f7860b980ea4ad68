"""The way of a question, top to bottom. Anything that would make this longer belongs in one of the rooms it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from okichat.answer import Delta, Event
from okichat.cache.shared import SharedAnswers
from okichat.conversations.recorder import Recorder
from okichat.guard.admission import Guard
from okichat.knowledge.search import Search
from okichat.monitoring.security_log import SecurityLog
from okichat.question import Question
from okichat.sources.chain import Chain


@dataclass(frozen=True)
class Assistant:
    """Answers questions, always."""

    guard: Guard
    security: SecurityLog
    conversations: Recorder
    shared: SharedAnswers
    knowledge: Search
    sources: Chain

    def answer(self, asked: Question) -> Iterator[Event]:
        """Answer one question: Deltas, perhaps a Restart, one Answer last.

        Raises Refusal at once, before the first event is asked for."""
        return self.take(asked)[1]

    def take(self, asked: Question) -> tuple[Question, Iterator[Event]]:
        """The question as it was let in, for whoever shows it to its visitor, and the same events. Raises Refusal."""
        question = self.guard.admit(asked)
        self.security.note_question(question)
        return question, self._events(question)

    def _events(self, question: Question) -> Iterator[Event]:
        """Closing it early ends the answer, and the paid call with it."""
        for earlier in self.conversations.earlier_answer(question):
            yield earlier or Delta("")
            if earlier is not None:
                return
        question = self.conversations.follow(question)
        with self.conversations.recording(question) as recorded:
            for event in self.shared.answer(question, self._fresh_answer):
                yield recorded(event)

    def _fresh_answer(self, question: Question) -> Iterator[Event]:
        return self.sources.first_answer(question, self.knowledge.find(question))
