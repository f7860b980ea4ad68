"""The same question is paid once, in the whole app: with threads, with processes, with a Redis that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from okichat.answer import Answer, Delta, Event, Restart, last_answer
from okichat.question import Question
from okichat.sources.attempt import Attempt, Dialect
from okichat.storage.tables import balances, cached_answers, turns
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.servers import RedisServer
from tests.site import Site

OpenSite = Callable[..., Site]
SERVICES = "Quels sont vos services ?"
TEXT = "Nous tenons votre comptabilité et établissons vos déclarations."


@pytest.fixture
def settings(model: OpenAIServer) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-test-key", "OPENAI_BASE_URL": model.base_url, "OKICHAT_BUDGET_USD": "1"}


@pytest.fixture
def site(open_site: OpenSite, settings: dict[str, str], model: OpenAIServer) -> Site:
    model.always_reply(TEXT)
    opened = open_site(**settings)
    opened.parts.gpt.warm()
    return opened


def asked(site: Site, text: str = SERVICES, **how: Any) -> Answer:
    return last_answer(site.parts.assistant.answer(Question.from_text(text, **how)))


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
    model.reply(TEXT, token_delay_s=0.2)
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


class Process:
    """Another process with its own store that asks when it is told to."""

    def __init__(self, folder: Path, settings: dict[str, str], threads: int) -> None:
        folder.mkdir()
        environment = {**os.environ, **settings, "DATABASE_URL": f"sqlite:///{folder}/okichat.db"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cache.asking", str(threads), SERVICES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": os.getcwd()},
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def answers(self) -> list[tuple[str, bool]]:
        assert self.process.stdout
        return [tuple(answer) for answer in json.loads(self.process.stdout.readline())]


@pytest.fixture
def start(
    tmp_path: Path, settings: dict[str, str], redis: RedisServer
) -> Iterator[Callable[[int, int], list[Process]]]:
    """Starts processes that share nothing but Redis, ready to ask."""
    with ExitStack() as stack:

        def start(count: int, threads: int) -> list[Process]:
            shared = {**settings, "REDIS_URL": redis.url}
            processes = [Process(tmp_path / str(number), shared, threads) for number in range(count)]
            for started in processes:
                stack.callback(started.process.communicate)
                stack.callback(started.process.kill)
            for started in processes:
                started.wait_until_ready()
            return processes

        yield start


def test_two_processes_with_redis_make_one_call_in_all(
    start: Callable[[int, int], list[Process]], model: OpenAIServer
) -> None:
    model.always_reply(TEXT, token_delay_s=0.05)
    processes = start(2, 100)
    for process in processes:
        process.go()
    answers = [answer for process in processes for answer in process.answers()]

    assert len(answers) == 200
    assert len(model.requests) == 1
    assert sum(is_paid for _, is_paid in answers) == 1
    assert {rung for rung, _ in answers} == {"gpt", "cache"}


def test_when_the_process_that_asks_dies_another_one_asks(
    start: Callable[[int, int], list[Process]], model: OpenAIServer
) -> None:
    gate = threading.Event()
    model.reply(TEXT, gate=gate)
    model.always_reply(TEXT)
    first, second = start(2, 5)
    first.go()
    until_s = time.monotonic() + 20
    while not model.requests:
        assert time.monotonic() < until_s
        time.sleep(0.01)
    second.go()
    first.process.send_signal(signal.SIGKILL)
    answers = second.answers()
    gate.set()

    assert Counter(rung for rung, _ in answers) == {"gpt": 5}
    assert len(model.requests) == 2


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_without_its_redis_the_app_answers_all_the_same(
    fault: signal.Signals, open_site: OpenSite, settings: dict[str, str], redis: RedisServer, model: OpenAIServer
) -> None:
    site = open_site(**settings, REDIS_URL=redis.url)
    site.parts.gpt.warm()
    assert asked(site).answered_by == "gpt"
    os.kill(redis.pid, fault)
    try:
        rungs = [asked(site, text).answered_by for text in ("Tarifs ?", "Tarifs ?", "Horaires ?", SERVICES)]
        assert rungs == ["gpt", "cache", "gpt", "cache"]
    finally:
        if fault == signal.SIGSTOP:
            os.kill(redis.pid, signal.SIGCONT)


def test_a_process_waits_for_another_ones_answer_no_longer_than_half_its_deadline(
    open_site: OpenSite, settings: dict[str, str], redis: RedisServer, model: OpenAIServer
) -> None:
    site = open_site(**settings, REDIS_URL=redis.url, OKICHAT_DEADLINE_S="2", OKICHAT_FIRST_TOKEN_S="2")
    site.parts.gpt.warm()
    other = open_site(**settings, REDIS_URL=redis.url)
    key = site.parts.assistant.shared._keys.key(Question.from_text(SERVICES))
    leases = other.parts.assistant.shared._leases
    assert key
    assert leases
    assert leases.take(key)
    begun = time.monotonic()
    events = list(site.parts.assistant.answer(Question.from_text(SERVICES)))
    assert Delta("") in events
    assert isinstance(events[-1], Answer)
    assert events[-1].answered_by in ("gpt", "local")
    assert time.monotonic() - begun > 0.9


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
