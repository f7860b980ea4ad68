"""The same question is paid once, in the whole app: with threads, and with whatever changes meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from okichat.answer import Answer, Delta, Event, Restart
from okichat.cache.shared import SharedAnswers
from okichat.question import Question
from okichat.sources.attempt import Attempt, Dialect
from okichat.storage.tables import balances, cached_answers, turns
from tests.cache.visitors import SERVICES, TEXT, asked
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

OpenSite = Callable[..., Site]


@pytest.fixture
def site(open_site: OpenSite, settings: dict[str, str], model: OpenAIServer) -> Site:
    model.always_reply(TEXT)
    opened = open_site(**settings)
    opened.parts.gpt.warm()
    return opened


class Gathering:
    """Visitors who ask at the same time, each in a thread."""

    def __init__(self, site: Site, count: int, text: str = SERVICES) -> None:
        self._site, self._text = site, text
        self.events: list[list[Event]] = [[] for _ in range(count)]
        self._threads = [threading.Thread(target=self._ask, args=(heard,), daemon=True) for heard in self.events]
        for thread in self._threads:
            thread.start()

    def _ask(self, heard: list[Event]) -> None:
        heard.extend(self._site.parts.assistant.answer(Question.from_text(self._text)))

    def answers(self) -> list[Answer]:
        for thread in self._threads:
            thread.join(30)
        return [heard[-1] for heard in self.events if isinstance(heard[-1], Answer)]


def test_the_second_visitor_gets_the_prepared_answer_and_nothing_is_paid(site: Site, model: OpenAIServer) -> None:
    first, second = asked(site), asked(site, "  quels SONT vos services")

    assert (first.answered_by, first.text) == ("gpt", TEXT)
    assert (second.answered_by, second.text, second.citations) == ("cache", TEXT, first.citations)
    assert second.usage is None
    assert len(model.requests) == 1


def test_a_page_shows_a_prepared_answer_as_such(site: Site) -> None:
    site.ask(SERVICES)
    reply = site.ask(SERVICES)
    assert (reply["answered_by"], reply["source"], reply["cost_usd"]) == ("cache", "gpt", 0)
    assert "Réponse préparée" in site.submit(SERVICES).get_data(as_text=True)
    with site.parts.store.read() as connection:
        rungs = connection.execute(select(turns.c.answered_by)).scalars().all()
    assert Counter(rungs) == {"gpt": 1, "cache": 2}


def test_two_hundred_visitors_at_once_make_one_call(site: Site, model: OpenAIServer) -> None:
    gate = threading.Event()
    model.reply(TEXT, gate=gate, token_delay_s=0.02)
    gathering = Gathering(site, 200)
    threading.Timer(1.0, gate.set).start()
    answers = gathering.answers()

    assert len(model.requests) == 1
    assert [answer.text for answer in answers] == [TEXT] * 200
    assert sum(answer.usage is not None for answer in answers) == 1
    streamed = ["".join(event.text for event in events if isinstance(event, Delta)) for events in gathering.events[:20]]
    assert set(streamed) <= {TEXT, ""}  # the whole of it, or nothing where it was ready before
    with site.parts.store.read() as connection:
        in_turns = connection.execute(select(func.sum(turns.c.cost_microusd))).scalar_one()
        in_ledger = connection.execute(select(func.sum(balances.c.spent_microusd))).scalar_one()
    assert in_turns == in_ledger > 0


def test_the_call_ends_when_everybody_has_left(site: Site, model: OpenAIServer) -> None:
    model.reply(TEXT, rest=threading.Event())  # which never comes
    streams = [site.parts.assistant.answer(Question.from_text(SERVICES)) for _ in range(3)]
    for stream in streams:
        while (event := next(stream)) == Delta(""):
            pass
        assert isinstance(event, Delta)
    for stream in streams[:2]:
        stream.close()  # type: ignore[attr-defined]
    assert isinstance(next(streams[2]), Delta)
    assert model.requests[0].left_at_s is None
    streams[2].close()  # type: ignore[attr-defined]
    model.wait_until_left(model.requests[0])
    assert asked(site).answered_by == "gpt"
    assert len(model.requests) == 2


def test_a_fault_of_the_model_is_shared_too(site: Site, model: OpenAIServer) -> None:
    model.always_fail("error_object_middle")
    gathering = Gathering(site, 20)
    answers = gathering.answers()
    assert {answer.answered_by for answer in answers} == {"local"}
    assert all(
        any(isinstance(event, Restart) for event in events)
        for events in gathering.events
        if any(isinstance(event, Delta) and event.text for event in events)
    )
    with site.parts.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(cached_answers)).scalar_one() == 0


@pytest.mark.parametrize("change", ["knowledge", "prompt", "model", "language"])
def test_a_change_of_what_answers_are_made_from_drops_them(
    change: str, open_site: OpenSite, settings: dict[str, str], model: OpenAIServer, tmp_path: Path
) -> None:
    model.always_reply(TEXT)
    text = "Audit ?"  # a word that both languages have
    assert asked(open_site(**settings), text).answered_by == "gpt"
    assert asked(open_site(**settings), text).answered_by == "cache"
    changed, how = dict(settings), {}
    if change == "knowledge":
        (tmp_path / "knowledge" / "fr").mkdir(parents=True)
        page = "---\ntitle: Tarifs\nquestions:\n  - Audit ?\n---\nDes honoraires au forfait.\n"
        (tmp_path / "knowledge" / "fr" / "tarifs.md").write_text(page)
        changed["OKICHAT_KNOWLEDGE"] = str(tmp_path / "knowledge")
    elif change == "prompt":
        (tmp_path / "system.txt").write_text("Réponds en $language_name pour $firm, sinon $off_topic_marker.")
        changed["OKICHAT_PROMPTS"] = str(tmp_path)
    elif change == "model":
        changed["OPENAI_MODEL"] = "gpt-5.4-mini"
    else:
        how = {"locale": "en"}
    assert asked(open_site(**changed), text, **how).answered_by == "gpt"


def test_follow_ups_and_personal_data_are_never_prepared(site: Site, model: OpenAIServer) -> None:
    own = "Mon IBAN est FR76 3000 6000 0112 3456 7890 189, quels sont vos services ?"
    for text, how in ((SERVICES, {"conversation": "c" * 32}), (own, {})):
        before = len(model.requests)
        assert [asked(site, text, **how).answered_by for _ in range(2)] == ["gpt", "gpt"]
        assert len(model.requests) == before + 2
    with site.parts.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(cached_answers)).scalar_one() == 0


def test_the_cache_can_be_switched_off(open_site: OpenSite, settings: dict[str, str], model: OpenAIServer) -> None:
    site = open_site(**settings, OKICHAT_CACHE_TTL_S="0")
    assert [asked(site).answered_by for _ in range(2)] == ["gpt", "gpt"]


def test_prepared_answers_are_given_when_the_budget_is_spent(
    open_site: OpenSite, settings: dict[str, str], model: OpenAIServer
) -> None:
    model.always_reply(TEXT)
    asked(open_site(**settings))
    spent = open_site(**{**settings, "OKICHAT_BUDGET_USD": "0"})
    assert asked(spent).answered_by == "cache"
    assert asked(spent, "Quels sont vos horaires ?").answered_by == "local"


def test_nobody_waits_for_an_answer_to_somebody_suspicious(site: Site) -> None:
    shared, begun = site.parts.assistant.shared, []

    def ask(question: Question) -> Iterator[Event]:
        begun.append(question.suspicious)
        yield Delta("Nous")
        yield Answer("Nous…", "local")

    spam = shared.answer(replace(Question.from_text(SERVICES), suspicious=True), ask)
    next(spam)
    next(shared.answer(Question.from_text(SERVICES), ask))

    assert begun == [True, False]


def test_an_answer_that_another_process_has_just_finished_is_not_paid_again(site: Site) -> None:
    parts = site.parts
    shared = parts.assistant.shared
    key = shared._keys.key(Question.from_text(SERVICES))
    assert key

    class JustFinished:
        """The lease of a process that keeps its answer and then lets go."""

        def take(self, key: str) -> bool:
            shared._cache.keep(key, Answer(TEXT, "gpt"), "fr")
            return True

        def prolong(self, key: str) -> None:
            """Nothing to do."""

        def end(self, key: str) -> None:
            """Nothing to do."""

    of_another = SharedAnswers(shared._keys, shared._cache, JustFinished(), is_paid=lambda: True, patience_s=1.0)

    def ask(_question: Question) -> Iterator[Event]:
        raise AssertionError("paid twice")

    assert [
        event.text for event in of_another.answer(Question.from_text(SERVICES), ask) if isinstance(event, Answer)
    ] == [TEXT]


def test_nobody_waits_for_an_answer_that_is_no_longer_worth_money(site: Site) -> None:
    shared = site.parts.assistant.shared
    is_paid = iter([True, False])

    class TakenByAnother:
        """The lease of a process that is at it for ever."""

        looks = 0

        def take(self, key: str) -> bool:
            self.looks += 1
            assert self.looks < 5, "it waits on"
            return False

        def prolong(self, key: str) -> None:
            """Nothing to do."""

        def end(self, key: str) -> None:
            """Nothing to do."""

    waiting = SharedAnswers(
        shared._keys, shared._cache, TakenByAnother(), is_paid=lambda: next(is_paid), patience_s=600.0
    )

    events = list(waiting.answer(Question.from_text(SERVICES), lambda _question: iter([Answer("Local.", "local")])))

    assert events == [Answer("Local.", "local")]


def test_an_expired_answer_is_asked_for_again(
    open_site: OpenSite, settings: dict[str, str], model: OpenAIServer
) -> None:
    clock = StoppedClock()
    site = open_site(clock, **settings, OKICHAT_CACHE_TTL_S="60")
    assert [asked(site).answered_by for _ in range(2)] == ["gpt", "cache"]
    clock.forward(seconds=61)
    assert asked(site).answered_by == "gpt"


def test_the_time_that_was_waited_is_taken_from_the_deadline(site: Site) -> None:
    question = Question.from_text(SERVICES)
    findings = site.parts.search.find(question)
    attempt = Attempt("gpt-6-luna", Dialect(), with_history=False)
    limits = [
        site.parts.gpt._call(asked, findings, attempt, 0.0).limits for asked in (question, question.after_waiting(4))
    ]
    assert limits[0].deadline_s - limits[1].deadline_s == 4
    assert limits[0].first_token_s == limits[1].first_token_s
