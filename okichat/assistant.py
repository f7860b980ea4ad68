"""The way of a question, top to bottom. Anything that would make this longer belongs in one of the rooms it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from okichat.answer import Answer, Delta, Event
from okichat.cache.shared import SharedAnswers
from okichat.conversations.recorder import Recorder
from okichat.guard.admission import Guard
from okichat.knowledge.search import Search
from okichat.question import Question
from okichat.sources.chain import Chain


@dataclass(frozen=True)
class Assistant:
    """Answers questions, always."""

    guard: Guard
    conversations: Recorder
    shared: SharedAnswers
    knowledge: Search
    sources: Chain

    def answer(self, asked: Question) -> Iterator[Event]:
        """Answer one question: Deltas, perhaps a Restart, one Answer last.

        Raises Refusal at once, before the first event is asked for."""
        return self._events(self.guard.admit(asked))

    def _events(self, question: Question) -> Iterator[Event]:
        """Closing it early ends the answer, and the paid call with it."""
        for earlier in self.conversations.earlier_answer(question):
            yield earlier or Delta("")
            if earlier is not None:
                return
        question = self.conversations.follow(question)
        with self.conversations.recording(question) as keep:
            for event in self.shared.answer(question, self._fresh_answer):
                yield keep(event) if isinstance(event, Answer) else event

    def _fresh_answer(self, question: Question) -> Iterator[Event]:
        return self.sources.first_answer(question, self.knowledge.find(question))
