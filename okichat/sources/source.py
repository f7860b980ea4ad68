"""What every source of answers looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from okichat.answer import Event
from okichat.knowledge.findings import Findings
from okichat.question import Question


class AnswerSource(Protocol):
    """One rung of the ladder."""

    name: str
    """The rung, shown to visitors and counted on the dashboard, e.g. "gpt"."""

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """Deltas as they come, one Answer last; raises SourceUnavailable, at any point, to let the next source try.

        Closing the iterator early ends the work."""
        ...
