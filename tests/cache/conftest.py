"""The places where prepared answers are kept: a real SQLite file, a real Postgres, a real Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shelf import Shelf, StoreShelf
from okichat.monitoring.journal import Journal
from okichat.storage.engine import Store
from okichat.storage.schema import migrate
from okichat.storage.tables import cached_answers
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.servers import PostgresServer, RedisServer

OpenShelf = Callable[[], Shelf]


@pytest.fixture
def journal(clock: StoppedClock) -> Journal:
    return Journal(clock)


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def open_shelf(
    request: pytest.FixtureRequest, tmp_path: Path, clock: StoppedClock, journal: Journal
) -> Iterator[OpenShelf]:
    """Opens the same shelf as another process would, a moment after the last answer was kept."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        yield lambda: RedisShelf(server.url, clock, journal)
        return
    url = f"sqlite:///{tmp_path}/a.db"
    if request.param == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        tables: Store = request.getfixturevalue("postgres_store")
        url = postgres.url
    stores: list[Store] = []

    def open_shelf() -> Shelf:
        for other in stores:
            other.write_now()
        stores.append(Store(url))
        migrate(stores[-1])
        return StoreShelf(stores[-1], clock, journal)

    yield open_shelf
    for store in stores:
        store.close()
    if request.param == "postgres":  # one database for many tests
        with tables.write() as connection:
            connection.execute(cached_answers.delete())


@pytest.fixture
def settings(model: OpenAIServer) -> dict[str, str]:
    """Of an app whose questions go to `model`."""
    return {"OPENAI_API_KEY": "sk-test-key", "OPENAI_BASE_URL": model.base_url, "OKICHAT_BUDGET_USD": "1"}
