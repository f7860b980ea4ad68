"""Looks for single rows beside the pool."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from okichat.storage.lookups import FileIdentity, Lookups

QUERY = "SELECT 1 FROM rows WHERE id = ?"


def database(path: Path, *ids: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE rows (id TEXT PRIMARY KEY)")
        connection.executemany("INSERT INTO rows VALUES (?)", [(id,) for id in ids])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    database(tmp_path / "rows.db", "old")
    return tmp_path / "rows.db"


@pytest.fixture
def lookups(path: Path) -> Iterator[Lookups]:
    def identity() -> FileIdentity:
        status = os.stat(path)
        return status.st_dev, status.st_ino

    lookups = Lookups(str(path), identity, timeout_s=1.0, identify_every_s=0.0)
    yield lookups
    lookups.close()


def test_a_row_that_another_connection_has_just_written_is_found(path: Path, lookups: Lookups) -> None:
    assert not lookups.finds(QUERY, "new")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO rows VALUES ('new')")

    assert lookups.finds(QUERY, "new")


def test_a_file_that_took_the_place_of_the_first_is_the_one_that_is_looked_at(path: Path, lookups: Lookups) -> None:
    assert lookups.finds(QUERY, "old")
    database(path.with_name("other.db"), "new")
    path.with_name("other.db").replace(path)

    assert lookups.finds(QUERY, "new")
    assert not lookups.finds(QUERY, "old")


def test_after_a_look_that_failed_the_next_one_works(lookups: Lookups) -> None:
    with pytest.raises(sqlite3.Error):
        lookups.finds("SELECT 1 FROM nothing WHERE id = ?", "old")

    assert lookups.finds(QUERY, "old")


def test_closed_it_looks_again(lookups: Lookups) -> None:
    assert lookups.finds(QUERY, "old")
    lookups.close()

    assert lookups.finds(QUERY, "old")
