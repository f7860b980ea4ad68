"""The keys of forms, and which submissions repeat none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table

from okichat.conversations.request_keys import RequestKeys
from okichat.conversations.submissions import OwnSubmissions, Repeated
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.schema import prepare
from tests.doubles.clock import StoppedClock


def test_no_two_keys_are_the_same() -> None:
    keys = RequestKeys()
    given = [keys.new() for _ in range(300)]

    assert len(set(given)) == 300
    assert {len(key) for key in given} == {16}


def test_a_key_that_was_given_out_comes_first_once_and_one_from_elsewhere_never() -> None:
    keys = RequestKeys()
    key = keys.new()

    assert keys.comes_first(key)
    assert not keys.comes_first(key)
    assert not keys.comes_first(RequestKeys().new())
    assert not keys.comes_first(None)


def test_the_keys_of_ten_thousand_open_pages_are_remembered_and_no_more() -> None:
    keys = RequestKeys()
    oldest = keys.new()
    second = keys.new()
    for _ in range(9_999):
        keys.new()

    assert not keys.comes_first(oldest)
    assert keys.comes_first(second)


def test_a_submission_that_comes_first_is_not_looked_for_and_its_repetition_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(f"sqlite:///{tmp_path}/okichat.db")
    prepare(store)
    looks: list[str] = []
    holds = store.holds

    def look(table: Table, key: str) -> bool:
        looks.append(key)
        return holds(table, key)

    monkeypatch.setattr(store, "holds", look)
    submissions = OwnSubmissions(store, StoppedClock(), timedelta(seconds=5))
    first = Question.from_text("Quels sont vos tarifs ?", request_key="k" * 16, comes_first=True)
    again = Question.from_text("Quels sont vos tarifs ?", request_key="k" * 16)

    submissions.begin(first)
    submissions.end(first, {"answer": "Nos tarifs."})
    assert looks == []
    with pytest.raises(Repeated):
        submissions.begin(again)
    assert looks == [first.id]
    store.close()


def test_a_question_without_a_key_repeats_none() -> None:
    assert Question.from_text("Quels sont vos tarifs ?").comes_first
    assert not Question.from_text("Quels sont vos tarifs ?", request_key="k" * 16).comes_first
