"""The invariant under real concurrency: threads on SQLite, processes with threads on Postgres, killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import update

from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import ledger
from tests.doubles.openai_server import OpenAIServer
from tests.money.race import Outcome, Race
from tests.money.race_verdict import drawn_verdict, whole_verdict
from tests.money.racers import racers
from tests.servers import PostgresServer, postgres_server
from tests.skipping import skipped_without_servers


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """Not the one of the other tests: it is killed in the middle."""
    with skipped_without_servers(), postgres_server() as server:
        yield server


def create_tables(url: str) -> str:
    store = Store(url)
    schema.prepare(store)
    store.close()
    return url


def test_fifty_threads_on_sqlite_never_exceed_a_budget_also_when_the_process_is_killed(tmp_path: Path) -> None:
    total, races = Outcome(), []
    with racers(create_tables(f"sqlite:///{tmp_path}/okichat.db"), 1) as racing:
        for number in range(10):
            races.append(Race.at_random(number, number, threads=50, most_calls_that_fit=30))
            total.add(racing.run(races[-1], kill_after_s=0.03 if number % 3 == 2 else None))
        total.add(whole_verdict(racing.store, races))

    assert total.holds, total
    assert total.calls["refused"] > 0
    assert total.calls["settled"] > 0
    assert total.closest > 0.9


def test_four_processes_of_twenty_threads_on_postgres_never_exceed_a_budget_also_when_either_is_killed(
    own_postgres: PostgresServer,
) -> None:
    total, races = Outcome(), []
    with racers(create_tables(own_postgres.url), 4) as racing:
        for number in range(8):
            races.append(Race.at_random(number, 100 + number, threads=20, most_calls_that_fit=20))
            crash = Timer(0.05, own_postgres.restart) if number == 3 else None
            if crash:
                crash.start()
            total.add(racing.run(races[-1], kill_after_s=0.02 if number > 4 else None, wait_for=crash))
        total.add(whole_verdict(racing.store, races))

    assert total.holds, total
    assert total.calls["refused"] > 0
    assert total.calls["settled"] > 0
    assert total.closest > 0.9


def test_the_ledger_has_every_call_of_the_real_client_as_the_host_has_billed_it(own_postgres: PostgresServer) -> None:
    total, races = Outcome(), []
    with OpenAIServer() as host, racers(create_tables(own_postgres.new_database("host")), 2, host) as racing:
        for number in range(3):
            host.always_reply("Le cabinet vous reçoit.", cached_tokens=7)
            for fault in ("usage_missing", "error_object_middle", "status_500")[:number]:
                host.fail(fault)
            races.append(Race.at_random(number, number, threads=6, most_calls_that_fit=10, host=host.base_url))
            total.add(racing.run(races[-1], kill_after_s=0.1 if number == 2 else None))
        total.add(whole_verdict(racing.store, races))

    assert total.holds, total
    assert total.completed >= 3
    assert total.completed_in_ledger_microusd == total.completed_at_host_microusd > 0


def test_the_verdict_notices_a_budget_that_was_exceeded_and_a_call_that_cost_nothing(tmp_path: Path) -> None:
    race = Race.at_random(0, 7, threads=8, most_calls_that_fit=6)
    with racers(create_tables(f"sqlite:///{tmp_path}/okichat.db"), 1) as racing:
        assert racing.run(race).holds
        store = racing.store
        poorer = replace(race, budget_microusd=race.budget_microusd // 3)
        assert drawn_verdict(store, poorer, [0, 0, 0]).overshoot > 0
        assert drawn_verdict(store, race, [0, race.budget_microusd + 1, 0]).billed_above_budget == 1
        with store.write() as connection:
            connection.execute(update(ledger).where(ledger.c.kind == "settle").values(spent_change_microusd=0))
        verdict = whole_verdict(store, [race])

    assert verdict.cost_nothing > 0
    assert verdict.differences
    assert not verdict.holds
