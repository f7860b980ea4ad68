"""The ladder: every source in turn until one answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from okichat.answer import Answer, Delta, Event, Pass, Restart, Usage, together
from okichat.errors import SourceUnavailable
from okichat.knowledge.findings import Findings
from okichat.monitoring.journal import Journal
from okichat.question import Question
from okichat.sources.source import AnswerSource


class SourceCrashed(SourceUnavailable):
    """A defect of ours in a source. The visitor is answered by the next one, the operator gets the trace."""

    reason = "crashed"
    notice = "model_unavailable"


class Chain:
    """Asks the sources in order. The last one must always answer."""

    def __init__(self, sources: Sequence[AnswerSource], journal: Journal) -> None:
        """`sources` best first."""
        self.sources = tuple(sources)
        self._journal = journal

    def first_answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """The events of the first source that can answer; a Restart where one broke off after its first words.

        The Answer says which sources passed and why, and carries what was paid on the way."""
        passed: list[Pass] = []
        notice: str | None = None
        paid: Usage | None = None
        for source in self.sources:
            begun = False
            try:
                for event in self._guarded(source, question, findings):
                    if isinstance(event, Answer):
                        yield replace(
                            event,
                            passed=tuple(passed),
                            notice=event.notice or notice,
                            usage=together(event.usage, paid),
                        )
                        return
                    begun = begun or (isinstance(event, Delta) and event.text != "")
                    yield event
            except SourceUnavailable as unavailable:
                passed.append(Pass(source.name, unavailable.reason))
                notice = notice or unavailable.notice
                paid = together(unavailable.usage, paid)
                if begun:
                    yield Restart(unavailable.reason)
        raise AssertionError("the last source of the chain must always answer")

    def _guarded(self, source: AnswerSource, question: Question, findings: Findings) -> Iterator[Event]:
        try:
            yield from source.answer(question, findings)
        except SourceUnavailable:
            raise
        except Exception as error:  # the one boundary: a defect in one source must not cost the visitor the answer
            self._journal.crash("source_crashed", error, source=source.name)
            raise SourceCrashed from error
