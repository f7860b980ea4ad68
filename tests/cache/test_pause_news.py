"""What one process has learned about the model's host, over a real Redis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from okichat.cache.pause_news import PauseNews
from okichat.cache.redis_shelf import RedisShelf
from okichat.monitoring.journal import Journal
from okichat.settings import Settings
from okichat.sources import breaker as breakers
from okichat.sources.breaker import Breaker, ModelPaused
from tests.doubles.clock import StoppedClock
from tests.servers import RedisServer

SETTINGS = Settings(openai_api_key="sk-one")


@pytest.fixture(autouse=True)
def always_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "_LISTEN_EVERY_S", 0.0)


def process(url: str, clock: StoppedClock, settings: Settings = SETTINGS) -> Breaker:
    """The breaker of a process of its own."""
    return Breaker(clock, "gpt-6-luna", PauseNews(RedisShelf(url, clock, Journal(clock)), clock, settings))


def test_a_refusal_of_whoever_asks_pauses_the_model_in_every_process_until_one_finds_it_back(
    redis: RedisServer, clock: StoppedClock
) -> None:
    first, second = process(redis.url, clock), process(redis.url, clock)
    first.failed("quota", "quota", 900, at_once=True)
    pause = second.pause()
    with pytest.raises(ModelPaused) as refused:
        second.enter()
    clock.forward(seconds=901)
    first.enter()

    assert pause is not None
    assert (pause.cause, pause.notice) == ("quota", "quota")
    assert refused.value.reason == "paused_quota"
    assert first.succeeded()
    assert second.pause() is None
    second.enter()


def test_a_recovery_ends_the_pause_of_the_others_before_its_time(redis: RedisServer, clock: StoppedClock) -> None:
    first, second = process(redis.url, clock), process(redis.url, clock)
    first.failed("quota", "quota", 900, at_once=True)
    assert second.pause() is not None

    first.succeeded()

    assert second.pause() is None


def test_a_failing_network_is_told_nobody_for_it_may_be_that_of_one_machine(
    redis: RedisServer, clock: StoppedClock
) -> None:
    first, second = process(redis.url, clock), process(redis.url, clock)
    for _ in range(3):
        first.failed("network", None, 30, at_once=False)

    assert first.pause() is not None
    assert second.pause() is None


def test_another_key_and_a_process_started_since_ask_anew(redis: RedisServer, clock: StoppedClock) -> None:
    process(redis.url, clock).failed("key", "key", 600, at_once=True)
    clock.forward(seconds=5)

    assert process(redis.url, clock).pause() is None
    assert process(redis.url, clock, replace(SETTINGS, openai_api_key="sk-two")).pause() is None


def test_a_pause_of_one_model_is_none_of_another(redis: RedisServer, clock: StoppedClock) -> None:
    news = PauseNews(RedisShelf(redis.url, clock, Journal(clock)), clock, SETTINGS)
    luna, mini = Breaker(clock, "gpt-6-luna", news), Breaker(clock, "gpt-5.4-mini", news)

    luna.failed("quota", "quota", 900, at_once=True)

    assert mini.pause() is None


def test_without_redis_each_process_learns_by_itself(clock: StoppedClock) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    first, second = process(nowhere, clock), process(nowhere, clock)
    first.failed("quota", "quota", 900, at_once=True)

    assert first.pause() is not None
    assert second.pause() is None
