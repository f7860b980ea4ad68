"""What goes on behind an answer ends with it, and not whenever the garbage collector comes by."""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any

import pytest

from okichat.answer import Answer, Delta, Event, last_answer
from okichat.question import Question
from okichat.web import api, chat
from tests.site import Site

QUESTION = "Quels sont vos horaires ?"


def held_events() -> Generator[Event, None, None]:
    """As an answer is, whose frame an error on the way still holds."""
    yield Delta("Du lundi")
    yield Delta(" au vendredi.")
    yield Answer("Du lundi au vendredi.", "local")


def test_who_wants_the_answer_alone_ends_what_goes_on_behind_it() -> None:
    events = held_events()

    assert last_answer(events).text == "Du lundi au vendredi."
    assert getgeneratorstate(events) == GEN_CLOSED


@pytest.mark.parametrize(("room", "path"), [(chat, "/chat"), (api, "/api/chat")], ids=["page", "api"])
def test_a_visitor_who_leaves_ends_the_stream_and_the_answer(
    open_site: Callable[..., Site], room: Any, path: str
) -> None:
    with open_site().app.test_request_context(path, method="POST"):
        events = held_events()
        messages: Generator[str, None, None] = room._messages(Question.from_text(QUESTION), events)
        while "Du lundi" not in next(messages):
            continue

        messages.close()

        assert getgeneratorstate(events) == GEN_CLOSED
