"""The invariant under real concurrency: threads on SQLite, processes with threads on Postgres, killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from okichat.storage import schema
from okichat.storage.engine import Store
from tests.money.race import Outcome, Race, racers
from tests.servers import PostgresServer, ServerMissing, postgres_server


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """Not the one of the other tests: it is killed in the middle."""
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


def create_tables(url: str) -> str:
    store = Store(url)
    schema.prepare(store)
    store.close()
    return url


def test_fifty_threads_on_sqlite_never_exceed_a_budget_also_when_the_process_is_killed(tmp_path: Path) -> None:
    total = Outcome()
    with racers(create_tables(f"sqlite:///{tmp_path}/okichat.db"), 1, 50) as racing:
        for number in range(10):
            race = Race.at_random(number, number, most_calls_that_fit=30)
            total.add(racing.run(race, kill_one_after_s=0.03 if number % 3 == 2 else None))
        total.differences += racing.differences()

    assert total.holds, total
    assert total.killed == 3
    assert total.calls["refused"] > 20
    assert total.calls["settled"] > 20
    assert total.closest > 0.9


def test_four_processes_of_twenty_threads_on_postgres_never_exceed_a_budget_also_when_either_is_killed(
    own_postgres: PostgresServer,
) -> None:
    total = Outcome()
    with racers(create_tables(own_postgres.url), 4, 20) as racing:
        for number in range(8):
            race = Race.at_random(number, 100 + number, most_calls_that_fit=20)
            crash = Timer(0.05, own_postgres.restart) if number == 3 else None
            if crash:
                crash.start()
            total.add(racing.run(race, kill_one_after_s=0.05 if number == 5 else None, wait_for=crash))
        total.differences += racing.differences()

    assert total.holds, total
    assert total.killed == 1
    assert total.calls["refused"] > 40
    assert total.calls["settled"] > 20
    assert total.closest > 0.9
