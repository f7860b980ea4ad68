"""How long visitors wait for the first words is kept with every answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Row, select

from okichat.answer import Answer, Delta, Event, Restart
from okichat.question import Question
from okichat.storage.tables import turns
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

SLOWLY = (
    "Oui, bien sûr. Nous tenons les comptes des boulangeries, des restaurants et des commerces de bouche, chaque mois."
)


def kept(site: Site) -> Row[Any]:
    with site.parts.store.read() as connection:
        return connection.execute(select(turns)).one()


def test_of_an_answer_that_streams_it_is_the_first_piece(gpt_site: Site, model: OpenAIServer) -> None:
    rest = threading.Event()
    model.reply(SLOWLY, rest=rest)
    question = Question.from_text("Tenez-vous les comptes d'une boulangerie ?")
    events = gpt_site.parts.assistant.answer(question)

    next(event for event in events if isinstance(event, Delta) and event.text)
    first_ms = (time.monotonic() - question.arrived_s) * 1000
    rest.set()
    list(events)  # which are paced: the next one comes a tenth of a second later

    row = kept(gpt_site)
    assert row.answered_by == "gpt"
    assert 0 < row.first_word_ms < first_ms + 1


def test_an_answer_in_one_piece_has_its_first_word_with_the_rest(site: Site) -> None:
    site.ask("Quels sont vos horaires ?")

    assert kept(site).first_word_ms >= 0


@pytest.mark.parametrize(
    ("events", "first_at"),
    [
        ([Delta(""), Delta("Bon"), Delta("jour"), Answer("Bonjour", "gpt")], 1),
        ([Delta(""), Restart("timeout"), Answer("Bonjour", "local")], 2),
        ([Delta("Bon"), Restart("timeout"), Answer("Au revoir", "local")], 0),
    ],
)
def test_it_is_counted_from_the_arrival_to_the_first_visible_text(
    site: Site, monkeypatch: pytest.MonkeyPatch, events: list[Event], first_at: int
) -> None:
    question = Question.from_text("Bonjour")
    recorder = site.parts.assistant.conversations
    list(recorder.earlier_answer(question))
    moved: list[Callable[[], float]] = [lambda s=second: question.arrived_s + s for second in range(1, 4)]  # type: ignore[misc]

    with recorder.recording(question) as recorded:
        for event, moment in zip(events, moved, strict=False):
            monkeypatch.setattr(time, "monotonic", moment)
            recorded(event)
        monkeypatch.undo()
        if not isinstance(events[len(moved) - 1], Answer):
            recorded(events[-1])

    assert kept(site).first_word_ms == (first_at + 1) * 1000


def test_an_answer_that_was_stopped_has_none(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply(SLOWLY)
    events = gpt_site.parts.assistant.answer(Question.from_text("Tenez-vous les comptes d'une boulangerie ?"))
    next(events)

    events.close()  # type: ignore[attr-defined]

    assert kept(gpt_site).first_word_ms is None
