"""Looking through many questions, on SQLite and on Postgres: every one is found, whichever way the search is cut up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from okichat.conversations import listing
from okichat.conversations.listing import Questions, Wanted
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock
from tests.money.conftest import store

__all__ = ["store"]

COUNT = 60


@pytest.fixture
def asked(store: Store, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Sixty questions, some at the same moment; one statement looks through seven."""
    monkeypatch.setattr(listing, "_STRETCH", 7)
    moments = [clock.now() - timedelta(seconds=number // 3) for number in range(COUNT)]
    rows = [
        {
            "id": f"{number:04}",
            "conversation": "c",
            "asked_at": at,
            "language": "fr",
            "question": f"Question {'rare' if number % 20 == 19 else 'courante'} {number}",
        }
        for number, at in enumerate(moments)
    ]
    with store.write() as connection:
        connection.execute(insert(turns), rows)
    return moments


@pytest.fixture
def questions(store: Store, asked: list[datetime]) -> Questions:
    return Questions(store)


def pages(questions: Questions, wanted: Wanted, limit: int, patience_s: float | None) -> Iterator[str]:
    """The ids of all pages, as somebody sees them who follows the links."""
    for _ in range(1000):
        found = questions.find(wanted, limit, patience_s)
        assert len(found.asked) <= limit
        yield from (each.id for each in found.asked)
        if found.before is None:
            return
        wanted = Wanted(words=wanted.words, before=found.before)
    pytest.fail("the pages do not end")


@pytest.mark.parametrize("patience_s", [None, 0.0, 60.0])
@pytest.mark.parametrize("limit", [1, 2, 7, 8, 60, 100])
def test_pages_show_every_question_once_and_the_newest_first(
    questions: Questions, limit: int, patience_s: float | None
) -> None:
    seen = list(pages(questions, Wanted(), limit, patience_s))

    assert sorted(seen) == [f"{number:04}" for number in range(COUNT)]
    assert [int(id) // 3 for id in seen] == sorted(int(id) // 3 for id in seen)


@pytest.mark.parametrize("patience_s", [None, 0.0])
def test_a_rare_word_is_found_however_far_back(questions: Questions, patience_s: float | None) -> None:
    assert list(pages(questions, Wanted(words="RARE"), 2, patience_s)) == ["0019", "0039", "0059"]


def test_whoever_runs_out_of_patience_is_told_how_far_the_search_got(
    questions: Questions, asked: list[datetime]
) -> None:
    found = questions.find(Wanted(words="personne"), 50, 0.0)

    assert found.asked == []
    assert found.looked_to is not None
    assert asked[-1] < found.looked_to < asked[0]
    assert questions.find(Wanted(words="personne"), 50).looked_to is None


def test_an_export_holds_everything(questions: Questions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_BATCH", 9)

    assert len({each.id for each in questions.all(Wanted())}) == COUNT
    assert [each.id for each in questions.all(Wanted(words="rare"))] == ["0019", "0039", "0059"]


def test_a_span_of_time_bounds_the_search(questions: Questions, asked: list[datetime]) -> None:
    found = questions.find(Wanted(begin=asked[30], end=asked[0]), 100)

    assert {each.asked_at for each in found.asked} == set(asked[3:33])
