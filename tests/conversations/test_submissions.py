"""A repeated submission is answered once, whether one process keeps that in mind or several share it in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from okichat.answer import Answer, Usage
from okichat.conversations.submissions import Repeated
from okichat.conversations.turns import Turns
from okichat.question import Question
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock

KEY = "a-key-that-nobody-else-has"
ANSWER = Answer("Cela dépend.", "local")


@pytest.fixture(params=[True, False], ids=["one process", "several"])
def turns(request: pytest.FixtureRequest, store: Store, clock: StoppedClock) -> Turns:
    return Turns(store, clock, 5.0, alone=request.param)


def asked() -> Question:
    return Question.from_text("Vos tarifs ?", request_key=KEY)


def test_while_it_is_being_answered_and_after(turns: Turns) -> None:
    turns.open(asked())
    with pytest.raises(Repeated):
        turns.open(asked())
    turns.close(asked(), ANSWER)
    with pytest.raises(Repeated):
        turns.open(asked())

    assert list(turns.repeated(asked())) == [ANSWER]


def test_a_repetition_waits_for_the_answer(turns: Turns) -> None:
    turns.open(asked())
    waiting = turns.repeated(asked())
    assert next(waiting) is None
    turns.close(asked(), ANSWER)

    assert list(waiting) == [ANSWER]


def test_after_a_restart_too(turns: Turns, store: Store, clock: StoppedClock) -> None:
    turns.open(asked())
    turns.close(asked(), ANSWER)

    with pytest.raises(Repeated):
        Turns(store, clock, 5.0, alone=True).open(asked())


def test_a_stopped_one_may_be_asked_again(turns: Turns) -> None:
    turns.open(asked())
    turns.abandon(asked())
    with pytest.raises(Repeated):
        turns.open(asked())
    assert list(turns.repeated(asked())) == []
    turns.close(asked(), ANSWER)

    assert [turn.answer for turn in turns.thread(asked().conversation)] == [ANSWER]


def test_one_that_takes_too_long_counts_as_cut_off(turns: Turns, clock: StoppedClock) -> None:
    turns.open(asked())
    clock.forward(seconds=6)

    assert list(turns.repeated(asked())) == []


def test_what_stops_late_takes_no_answer_away(turns: Turns) -> None:
    turns.open(asked())
    turns.close(asked(), ANSWER)
    turns.abandon(asked())

    assert [turn.answer for turn in turns.thread(asked().conversation)] == [ANSWER]


def test_a_follow_up_knows_the_answer_before_it_at_once(turns: Turns) -> None:
    turns.open(asked())
    turns.close(asked(), ANSWER)

    assert [exchange.answer for exchange in turns.history(asked().conversation)[0]] == [ANSWER.text]


def test_what_was_paid_is_in_the_file_before_the_visitor_has_it(turns: Turns, tmp_path: Path) -> None:
    turns.open(asked())
    turns.close(asked(), Answer("Oui.", "gpt", usage=Usage("gpt-6-luna", 10, 0, 5, 20)))
    other = Store(f"sqlite:///{tmp_path / 'okichat.db'}")
    with other.read() as connection:
        costs = connection.exec_driver_sql("SELECT cost_microusd FROM turns").scalars().all()
    other.close()

    assert costs == [20]
