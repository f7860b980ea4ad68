"""The last rung: a human. It always answers."""

from __future__ import annotations

from collections.abc import Iterator

from okichat.answer import Answer, Event
from okichat.knowledge.findings import Findings
from okichat.question import Question
from okichat.sentences import Sentences


class Handoff:
    """Says politely that this is for a human; the page adds how to reach one."""

    name = "handoff"

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """One Answer without topics, in the question's language."""
        key = "handoff.outside" if findings.verdict == "outside" else "handoff.unsure"
        yield Answer(self._sentences(question.language)(key), self.name, confidence=findings.confidence)
