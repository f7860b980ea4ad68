"""An app that is closed gives back what it has opened."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.servers import RedisServer
from tests.site import Site
from tests.waiting import wait_until


@pytest.fixture
def other_threads() -> set[threading.Thread]:
    """What runs before the app is there."""
    return set(threading.enumerate())


@pytest.fixture
def busy_site(
    other_threads: set[threading.Thread],
    open_site: Callable[..., Site],
    model: OpenAIServer,
    redis: RedisServer,
    webhook_host: WebhookHost,
) -> Site:
    """One that has something under way with everybody it knows."""
    site = open_site(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        REDIS_URL=redis.url,
        OKICHAT_ALERT_WEBHOOK=webhook_host.url,
    )
    model.always_reply("Bonjour.")
    site.parts.upkeep.start()
    site.parts.delivery.start()
    assert site.ask("Quels sont vos tarifs ?")["answered_by"] == "gpt"
    return site


def test_what_goes_on_beside_the_questions_has_ended(busy_site: Site, other_threads: set[threading.Thread]) -> None:
    def running() -> set[str]:
        return {thread.name for thread in set(threading.enumerate()) - other_threads}

    beside = {"okichat-upkeep", "okichat-delivery"}
    assert beside <= running()

    busy_site.parts.close()

    assert not beside & running()


def test_redis_has_its_connections_back(busy_site: Site, redis: RedisServer) -> None:
    import redis as package

    with package.Redis.from_url(redis.url) as client:
        assert len(client.client_list()) > 1

        busy_site.parts.close()

        wait_until(lambda: len(client.client_list()) == 1, "only the one who asks is connected")


def test_it_can_be_asked_again(busy_site: Site) -> None:
    busy_site.parts.close()

    assert busy_site.ask("Quels sont vos horaires ?")["answered_by"] == "gpt"
