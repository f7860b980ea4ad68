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
from tests.servers import RedisServer, ServerMissing, postgres_server

OpenShelf = Callable[[], Shelf]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def journal(clock: StoppedClock) -> Journal:
    return Journal(clock)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    try:
        with postgres_server() as server:
            yield server.url
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def open_shelf(
    request: pytest.FixtureRequest, tmp_path: Path, clock: StoppedClock, journal: Journal
) -> Iterator[OpenShelf]:
    """Opens the same shelf as another process would."""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        yield lambda: RedisShelf(server.url, clock, journal)
        return
    url = f"sqlite:///{tmp_path}/a.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    stores: list[Store] = []

    def open_shelf() -> Shelf:
        stores.append(Store(url))
        migrate(stores[-1])
        return StoreShelf(stores[-1], clock, journal)

    yield open_shelf
    if request.param == "postgres":  # one server for many tests
        with stores[0].write() as connection:
            connection.execute(cached_answers.delete())
    for store in stores:
        store.close()
