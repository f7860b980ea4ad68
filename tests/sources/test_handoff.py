"""The last rung always answers, in the visitor's language, and says whether the question was one for the firm."""

from __future__ import annotations

import pytest

from okichat.answer import last_answer
from okichat.knowledge.findings import Findings
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.sources.handoff import Handoff


@pytest.mark.parametrize("language", ["fr", "en"])
def test_whoever_asks_about_something_else_reads_so_and_everybody_else_that_a_human_knows(language: str) -> None:
    said = {
        verdict: last_answer(Handoff(Sentences()).answer(Question("?", language), Findings((), (), 0.1, verdict)))
        for verdict in ("outside", "unsure")
    }

    assert said["outside"].text == Sentences()(language)("handoff.outside")
    assert said["unsure"].text == Sentences()(language)("handoff.unsure")
    assert {(each.answered_by, each.topics) for each in said.values()} == {("handoff", ())}
