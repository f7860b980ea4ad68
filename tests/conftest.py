"""What every test can use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from okichat.assembly import answering
from okichat.content import folder
from okichat.knowledge.index import Index
from okichat.knowledge.learning import learn
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.knowledge.topic_file import Topic
from okichat.knowledge.words import wording
from okichat.storage import engine
from okichat.storage.engine import Store
from okichat.storage.schema import prepare
from tests.chromium import find_chromium
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.servers import PostgresServer, RedisServer, postgres_server, redis_server
from tests.site import Site
from tests.skipping import skipped_without_servers
from tests.waiting import PATIENCE_S

pytest_plugins = ["tests.reporting"]


@pytest.fixture(scope="session", autouse=True)
def _the_same_topics_are_indexed_once() -> Iterator[None]:
    """An index never changes, and nearly every app here has the shipped topics: building it anew took half of the whole run."""

    @lru_cache(maxsize=8)
    def index(topics: tuple[Topic, ...], off_topic: tuple[str, ...], language: str) -> Index:
        return Index(topics, learn(topics, off_topic, wording(language), french=language == "fr"), language)

    def opened(self: Search, language: str) -> Index:
        return index(self._library.topics(language), self._library.off_topic(language), language)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Search, "_opened", opened)
        yield


@pytest.fixture(scope="session", autouse=True)
def _the_shipped_topics_are_read_once() -> Iterator[None]:
    """They never change either, and reading them took half of each app's start."""

    @lru_cache(maxsize=8)
    def shipped(details: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]) -> Library:
        return load_library(folder("knowledge"), {language: dict(values) for language, values in details})

    def load(topics: Path, details: Mapping[str, Mapping[str, str | None]]) -> Library:
        if topics != folder("knowledge"):
            return load_library(topics, details)
        return shipped(tuple((language, tuple(values.items())) for language, values in details.items()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "load_library", load)
        yield


@pytest.fixture(scope="session", autouse=True)
def _nobody_is_in_a_hurry() -> Iterator[None]:
    """On a busy machine a healthy database may take its time: a test in which somebody waits for one in vain says how long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_LOCK_TIMEOUT_S", PATIENCE_S)
        patch.setattr(engine, "_CONNECT_TIMEOUT_S", int(PATIENCE_S))
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Playwright drives the Chromium of this machine, in French; without one the browser tests do not run."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium found: install it, or set CHROMIUM=/path/to/chrome")
    return {**browser_type_launch_args, "executable_path": chromium, "args": ["--accept-lang=fr-FR"]}


@pytest.fixture
def clock() -> StoppedClock:
    """Stands still until the test moves it."""
    return StoppedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A SQLite file with all tables."""
    store = Store(f"sqlite:///{tmp_path / 'okichat.db'}")
    prepare(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres for all tests of this process: who needs an empty database makes one, who stops it starts one of its own."""
    with skipped_without_servers(), postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_store(postgres: PostgresServer) -> Iterator[Store]:
    """One Postgres database with all tables for many tests: whoever writes into it leaves it empty."""
    store = Store(postgres.url)
    prepare(store)
    yield store
    store.close()


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Opens apps, each with the settings given: `open_site(OKICHAT_NAME="Dupont")`. All share one store.

    Their model may take its time; a test in which it is late sets the deadline that it means."""
    opened: list[Site] = []

    def open_one(clock: StoppedClock | None = None, **settings: str) -> Site:
        base = {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'okichat.db'}",
            "OKICHAT_RATE_LIMIT": "1000 per minute",
            "OKICHAT_DAILY_LIMIT": "off",
            "OKICHAT_FIRST_TOKEN_S": "100",
            "OKICHAT_DEADLINE_S": "120",
        }
        site = Site({**base, **settings}, clock)
        opened.append(site)
        return site

    yield open_one
    for site in opened:
        site.close()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """An app without a key: the knowledge base answers."""
    return open_site()


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    """The model's host, on the loopback."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def host() -> Iterator[OpenAIServer]:
    """The model's host for all tests of a module that serves one app; whoever scripts it begins with `forget`."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def gpt_site(open_site: Callable[..., Site], model: OpenAIServer) -> Site:
    """An app whose questions go to `model`."""
    return open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis of its own for each test: some of them kill it. On a busy machine a healthy one may take its time."""
    for timeout in ("cache.redis_shelf._TIMEOUT_S", "web.limits._REDIS_TIMEOUT_S"):
        monkeypatch.setattr(f"okichat.{timeout}", PATIENCE_S)
    with skipped_without_servers(), redis_server() as server:
        yield server


@pytest.fixture
def mail_host() -> Iterator[MailHost]:
    """The firm's mail host, on the loopback."""
    with MailHost() as host:
        yield host


@pytest.fixture
def webhook_host() -> Iterator[WebhookHost]:
    """Where alerts and messages are posted to, on the loopback."""
    with WebhookHost() as host:
        yield host
