"""Transactions on the file of the moment, with the care for the disk that each of them asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from okichat.storage.engine import Store
from okichat.storage.schema import prepare
from okichat.storage.tables import facts


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(facts.c.name)))


def test_a_file_that_has_taken_the_place_of_the_first_is_the_one_that_is_read_and_written(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as connection:
        connection.execute(insert(facts), {"name": "old", "value": "1"})
    other = Store(f"sqlite:///{tmp_path}/other.db")
    prepare(other)
    other.close()
    for file in tmp_path.glob("okichat.db*"):
        file.unlink()
    (tmp_path / "other.db").rename(tmp_path / "okichat.db")

    with store.write() as connection:
        connection.execute(insert(facts), {"name": "new", "value": "1"})

    assert names(store) == ["new"]


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)], ids=["durable", "usual"])
def test_only_what_must_survive_a_power_loss_waits_for_the_disk(store: Store, durable: bool, synchronous: int) -> None:
    with store.write(durable=not durable):
        pass
    with store.write(durable=durable) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == synchronous
