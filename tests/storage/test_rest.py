"""A database that somebody else holds: one visitor waits in vain, the next ones do not, and nothing gets lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from okichat.errors import StoreAway, StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.rest import Rest
from okichat.storage.schema import prepare
from okichat.storage.tables import facts


@pytest.fixture(autouse=True)
def short_waits_and_a_long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no test has to be quick."""
    monkeypatch.setattr("okichat.storage.engine._LOCK_TIMEOUT_S", 0.05)
    monkeypatch.setattr("okichat.storage.rest._IN_VAIN_AFTER_S", 0.04)
    monkeypatch.setattr("okichat.storage.rest._REST_S", 600.0)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A SQLite file with all tables, whose waits are short."""
    opened = Store(url)
    prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process, as far as SQLite can tell, which holds the database."""
    with closing(sqlite3.connect(tmp_path / "okichat.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def write(store: Store, name: str, *, insist: bool = False) -> None:
    with store.write(insist=insist) as connection:
        connection.execute(insert(facts), {"name": name, "value": "1"})


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(facts.c.name).order_by(facts.c.name)).scalars())


def test_only_the_first_waits_for_a_database_that_another_process_holds(
    store: Store, other: sqlite3.Connection
) -> None:
    with pytest.raises(StoreAway, match="OperationalError"):
        write(store, "first")
    with pytest.raises(StoreAway, match="others have just waited in vain"):
        write(store, "second")
    assert names(store) == []  # reading goes on


def test_what_must_not_get_lost_is_tried_for_all_that(store: Store, other: sqlite3.Connection) -> None:
    with pytest.raises(StoreAway):
        write(store, "first")
    other.execute("ROLLBACK")

    write(store, "money", insist=True)

    write(store, "next")  # the one that insisted has ended the rest
    assert names(store) == ["money", "next"]


def test_rows_that_may_be_written_later_wait_until_the_database_is_back(
    store: Store, other: sqlite3.Connection
) -> None:
    told: list[StoreUnavailable] = []
    store.tell_losses(told.append)
    store.put_later(facts, "kept", {"name": "kept", "value": "1"})
    store.write_now()
    assert {type(error) for error in told} == {StoreAway}  # once or twice: what writes by itself may have tried too
    other.execute("ROLLBACK")

    write(store, "money", insist=True)

    assert names(store) == ["kept", "money"]


def test_a_refusal_that_comes_at_once_holds_up_nobody_and_needs_no_rest() -> None:
    rest = Rest()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), rest.or_wait(insist=False):
            raise ZeroDivisionError
