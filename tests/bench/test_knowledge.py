"""The bench of the search measures searching."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.knowledge import ROUNDS, made_up_library, measure
from okichat.knowledge.findings import Findings
from okichat.knowledge.search import Search
from okichat.question import Question


def test_no_answer_that_is_timed_was_only_remembered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library, asked = made_up_library(100)
    searched: Counter[str] = Counter()
    find = Search._find

    def count(search: Search, question: Question) -> Findings:
        searched[question.text] += 1
        return find(search, question)

    monkeypatch.setattr(Search, "_find", count)
    measure("100", library, asked)

    assert searched == dict.fromkeys(asked, ROUNDS + 1)
    assert capsys.readouterr().out.split()[0] == "100"
