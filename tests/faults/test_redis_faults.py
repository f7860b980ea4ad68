"""Redis fails in every way: answers go on, the limit of questions still holds, and the operator is told once, not in a flood."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Iterator

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import JSON, WAYS, ask
from tests.faults.served import PATIENT, Served, served
from tests.servers import RedisServer, redis_server
from tests.skipping import skipped_without_servers

QUESTION = "Quels sont vos horaires d'ouverture ?"
NEW_QUESTION = "Quels sont vos services ?"
SMALL_TALK = "Bonjour"


_PATIENCE_S = 3.0  # with Redis: on a busy machine a healthy one may take its time


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """Not started yet."""
    for timeout in ("cache.redis_shelf._TIMEOUT_S", "web.limits._REDIS_TIMEOUT_S"):
        monkeypatch.setattr(f"okichat.{timeout}", _PATIENCE_S)
    with skipped_without_servers(), redis_server(starts=False) as server:
        yield server


def assert_answered(app: Served, question: str = QUESTION) -> None:
    replies = [ask(app.port, way, question) for way in WAYS]
    assert [(reply.status, reply.answered_by in ("gpt", "cache")) for reply in replies] == [(200, True)] * len(WAYS)


def taken_s(app: Served, questions: int = 20) -> float:
    """The median of what a question that needs no model takes."""
    return statistics.median(ask(app.port, JSON, SMALL_TALK).took_s for _ in range(questions))


def assert_told_once(app: Served) -> None:
    told = [name for name, _ in app.events if name == "cache_unavailable"]
    assert len(told) == 1, app.events


def test_redis_may_be_absent_at_the_start_and_come_later(model: OpenAIServer, redis: RedisServer) -> None:
    with served(cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, **PATIENT) as app:
        assert_answered(app)
        assert_told_once(app)
        redis.start()

        assert_answered(app)


def test_redis_may_die_and_come_back(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start()
    with served(cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, **PATIENT) as app:
        assert_answered(app)
        redis.kill()
        assert_answered(app)
        assert_answered(app, NEW_QUESTION)  # the answer to the other one is in memory
        assert_told_once(app)
        redis.start()

        assert_answered(app)


def test_no_visitor_meets_an_error_at_the_very_moment_redis_dies(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start()
    over = threading.Event()
    statuses: list[int] = []

    def visit() -> None:
        while not over.is_set():
            statuses.append(ask(app.port, JSON, SMALL_TALK).status)

    with served(openai_base_url=model.base_url, redis_url=redis.url, rate_limit="100000 per minute") as app:
        visitors = [threading.Thread(target=visit) for _ in range(12)]
        for visitor in visitors:
            visitor.start()
        for _ in range(5):
            time.sleep(0.8)  # until the limiter has found Redis again
            redis.kill()
            time.sleep(0.8)
            redis.start()
        over.set()
        for visitor in visitors:
            visitor.join(40)

    assert set(statuses) == {200}


def test_a_redis_that_hangs_is_not_waited_for_by_every_question(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start()
    with served(cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, **PATIENT) as app:
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            ask(app.port, JSON, SMALL_TALK)  # the one that finds out
            waited_s = taken_s(app)
            assert_answered(app)
        finally:
            os.kill(redis.pid, signal.SIGCONT)

        assert waited_s < _PATIENCE_S
        assert_told_once(app)


def test_a_redis_that_refuses_the_password_is_done_without(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start("--requirepass", "right")
    with served(
        cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url_with_password("wrong"), **PATIENT
    ) as app:
        assert_answered(app)
        assert_told_once(app)
        assert all("wrong" not in str(facts) for _, facts in app.events)


def test_a_redis_that_only_reads_is_done_without(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start("--replicaof", "127.0.0.1", "1")
    with served(cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, **PATIENT) as app:
        assert_answered(app)
        assert_told_once(app)


def test_a_redis_without_memory_is_done_without(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    with served(cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, **PATIENT) as app:
        assert_answered(app)
        assert_told_once(app)


def test_the_limit_of_questions_still_holds_while_redis_is_away(model: OpenAIServer, redis: RedisServer) -> None:
    redis.start()
    with served(
        cache_ttl_s=600, openai_base_url=model.base_url, redis_url=redis.url, rate_limit="5 per 15 minutes"
    ) as app:
        redis.kill()

        statuses = [ask(app.port, JSON, SMALL_TALK).status for _ in range(8)]

    assert statuses.count(200) <= 5
    assert set(statuses) == {200, 429}
