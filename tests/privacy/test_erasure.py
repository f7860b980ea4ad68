"""An erased conversation stays erased, whatever is still being written into it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from okichat.answer import Answer
from okichat.contact.messages import Messages
from okichat.conversations.turns import Turns
from okichat.privacy.erasure import erase
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock

QUESTION = Question("Tenez-vous les comptes d'une boulangerie ?", conversation="c" * 32)
NEXT = Question("Et la paie ?", conversation=QUESTION.conversation)
ANSWER = Answer("Oui, aussi d'une boulangerie.", "local", suggestions=("Et le pain ?",))


@pytest.fixture(params=[True, False], ids=["one-process", "several"])
def kept(request: pytest.FixtureRequest, store: Store, clock: StoppedClock) -> Turns:
    return Turns(store, clock, 17, alone=request.param)


@pytest.mark.parametrize(
    "end",
    [lambda kept: kept.close(QUESTION, ANSWER), lambda kept: kept.abandon(QUESTION), lambda kept: None],
    ids=["answered", "stopped", "never"],
)
def test_what_was_being_answered_leaves_no_words(
    kept: Turns, store: Store, clock: StoppedClock, end: Callable[[Turns], None]
) -> None:
    kept.open(QUESTION)

    erase(kept, Messages(store, clock), QUESTION.conversation)
    end(kept)

    with store.read() as connection:
        rows = connection.execute(select(turns)).all()
    assert [(row.question, row.answer) for row in rows] in ([], [(None, None)])


def test_what_is_asked_after_it_is_kept(kept: Turns, store: Store, clock: StoppedClock) -> None:
    kept.open(QUESTION)
    kept.close(QUESTION, ANSWER)
    erase(kept, Messages(store, clock), QUESTION.conversation)
    clock.forward(seconds=1)

    kept.open(NEXT)
    kept.close(NEXT, ANSWER)

    assert [turn.question for turn in kept.thread(NEXT.conversation)] == ["Et la paie ?"]
    assert [outcome.answered_by for outcome in kept.outcomes(NEXT.conversation)] == ["local", "local"]
