"""The ladder, rung by rung: who answers, who passes and why, and what the visitor sees when one breaks off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from okichat.answer import Answer, Delta, Event, Pass, Restart, Usage
from okichat.errors import SourceUnavailable
from okichat.knowledge.findings import Findings
from okichat.monitoring.journal import Journal
from okichat.question import Question
from okichat.sources.chain import Chain
from tests.doubles.clock import StoppedClock

NOTHING = Findings((), (), 0.0, "unsure")
PAID = Usage("m", 10, 0, 5, 7)


class Broken(SourceUnavailable):
    reason = "broken"
    notice = "model_unavailable"


class Quiet(SourceUnavailable):
    reason = "quiet"


class Rung:
    """A source that does what it is told."""

    def __init__(self, name: str, *events: Event | Exception) -> None:
        self.name = name
        self.events = events

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


def test_the_first_source_that_answers_is_heard_alone() -> None:
    events = _events([Rung("gpt", Delta("a"), Answer("a", "gpt")), Rung("local", Answer("b", "local"))])

    assert events == [Delta("a"), Answer("a", "gpt")]


def test_a_source_that_passes_leaves_its_reason_and_its_notice() -> None:
    (answer,) = _events([Rung("gpt", Broken()), Rung("local", Answer("b", "local"))])

    assert isinstance(answer, Answer)
    assert (answer.passed, answer.notice) == ((Pass("gpt", "broken"),), "model_unavailable")


def test_of_two_sources_that_pass_the_first_notice_is_shown() -> None:
    (answer,) = _events([Rung("gpt", Broken()), Rung("local", Quiet()), Rung("handoff", Answer("c", "handoff"))])

    assert isinstance(answer, Answer)
    assert answer.notice == "model_unavailable"
    assert [each.source for each in answer.passed] == ["gpt", "local"]


def test_half_an_answer_is_dropped_before_the_next_source_begins() -> None:
    events = _events([Rung("gpt", Delta("hal"), Broken()), Rung("local", Delta("who"), Answer("whole", "local"))])

    assert events[:3] == [Delta("hal"), Restart("broken"), Delta("who")]


def test_a_sign_of_life_alone_needs_no_restart() -> None:
    events = _events([Rung("gpt", Delta(""), Broken()), Rung("local", Answer("b", "local"))])

    assert not any(isinstance(event, Restart) for event in events)


def test_what_was_paid_for_a_dropped_text_is_not_forgotten() -> None:
    answer = _events([Rung("gpt", Broken(usage=PAID)), Rung("local", Answer("b", "local"))])[-1]

    assert isinstance(answer, Answer)
    assert answer.usage == PAID


def test_a_defect_in_one_source_costs_nobody_the_answer() -> None:
    answer = _events([Rung("gpt", ZeroDivisionError()), Rung("local", Answer("b", "local"))])[-1]

    assert isinstance(answer, Answer)
    assert (answer.text, answer.passed) == ("b", (Pass("gpt", "crashed"),))


def test_the_operator_gets_the_trace_of_a_defect(caplog: pytest.LogCaptureFixture) -> None:
    _events([Rung("gpt", ZeroDivisionError()), Rung("local", Answer("b", "local"))])

    assert "source_crashed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def _events(sources: Sequence[Rung]) -> list[Event]:
    return list(Chain(sources, Journal(StoppedClock())).first_answer(Question("Vos tarifs ?"), NOTHING))
