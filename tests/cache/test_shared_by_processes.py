"""The same question is paid once by processes that share nothing but a Redis, also when one of them, or Redis, dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from okichat.answer import Answer, Delta
from okichat.question import Question
from tests.cache.visitors import SERVICES, TEXT, asked
from tests.doubles.openai_server import OpenAIServer
from tests.servers import RedisServer
from tests.site import Site
from tests.waiting import wait_until

OpenSite = Callable[..., Site]
Start = Callable[..., "list[Process]"]


class Process:
    """Another process with its own store that asks when it is told to."""

    def __init__(self, folder: Path, settings: dict[str, str], threads: int, lease_ms: int) -> None:
        folder.mkdir()
        environment = {**os.environ, **settings, "DATABASE_URL": f"sqlite:///{folder}/okichat.db"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.cache.asking", str(threads), str(lease_ms), SERVICES],
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
def start(tmp_path: Path, settings: dict[str, str], redis: RedisServer) -> Iterator[Start]:
    """Starts processes that share nothing but Redis, ready to ask."""
    with ExitStack() as stack:

        def start(count: int, threads: int, lease_ms: int) -> list[Process]:
            patient = {"OKICHAT_DEADLINE_S": "120", "OKICHAT_FIRST_TOKEN_S": "100"}
            shared = {**settings, **patient, "REDIS_URL": redis.url}
            processes = [Process(tmp_path / str(number), shared, threads, lease_ms) for number in range(count)]
            for started in processes:
                stack.callback(started.process.communicate)
                stack.callback(started.process.kill)
            for started in processes:
                started.wait_until_ready()
            return processes

        yield start


def test_two_processes_with_redis_make_one_call_in_all(start: Start, model: OpenAIServer) -> None:
    model.always_reply(TEXT, token_delay_s=0.05)
    processes = start(2, 100, lease_ms=120_000)
    for process in processes:
        process.go()
    answers = [answer for process in processes for answer in process.answers()]

    assert len(answers) == 200
    assert len(model.requests) == 1
    assert sum(is_paid for _, is_paid in answers) == 1
    assert {rung for rung, _ in answers} == {"gpt", "cache"}


def test_when_the_process_that_asks_dies_another_one_asks(start: Start, model: OpenAIServer) -> None:
    gate = threading.Event()
    model.reply(TEXT, gate=gate)
    model.always_reply(TEXT)
    first, second = start(2, 5, lease_ms=3000)
    first.go()
    wait_until(lambda: model.requests, "the model is asked")
    second.go()
    first.process.send_signal(signal.SIGKILL)
    answers = second.answers()
    gate.set()

    assert {rung for rung, _ in answers} <= {"gpt", "cache"}  # a late one of the five finds the answer of the others
    assert [is_paid for _, is_paid in answers].count(True) == 1
    assert len(model.requests) == 2


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_without_its_redis_the_app_answers_all_the_same(
    fault: signal.Signals,
    open_site: OpenSite,
    settings: dict[str, str],
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("okichat.cache.redis_shelf._TIMEOUT_S", 3.0)
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
    open_site: OpenSite,
    settings: dict[str, str],
    redis: RedisServer,
    model: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Time:
        """That of whoever waits: it goes on while he sleeps, however busy the machine is."""

        waited_s = 0.0

        def monotonic(self) -> float:
            return self.waited_s

        def sleep(self, seconds: float) -> None:
            self.waited_s += seconds

    passing = Time()
    monkeypatch.setattr("okichat.cache.shared.time", passing)
    monkeypatch.setattr("okichat.cache.redis_shelf._LEASE_MS", 600_000)
    site = open_site(**settings, REDIS_URL=redis.url, OKICHAT_DEADLINE_S="60", OKICHAT_FIRST_TOKEN_S="60")
    site.parts.gpt.warm()
    other = open_site(**settings, REDIS_URL=redis.url)
    key = site.parts.assistant.shared._keys.key(Question.from_text(SERVICES))
    leases = other.parts.assistant.shared._leases
    assert key
    assert leases
    assert leases.take(key)

    events = list(site.parts.assistant.answer(Question.from_text(SERVICES)))

    assert Delta("") in events
    assert isinstance(events[-1], Answer)
    assert events[-1].answered_by == "gpt"
    assert len(model.requests) == 1
    assert passing.waited_s == pytest.approx(30, abs=0.2)


def test_whoever_has_answered_lets_the_others_ask(
    open_site: OpenSite, settings: dict[str, str], redis: RedisServer
) -> None:
    sites = [open_site(**settings, REDIS_URL=redis.url) for _ in range(2)]
    asked(sites[0])
    key = sites[0].parts.assistant.shared._keys.key(Question.from_text(SERVICES))
    leases = sites[1].parts.assistant.shared._leases
    assert key
    assert leases

    assert leases.take(key)
