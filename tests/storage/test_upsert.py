"""Rows in the place of those with their key, many in one statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from okichat.storage.engine import Store
from okichat.storage.tables import facts
from okichat.storage.upsert import Upsert
from tests.storage.statements import statements_of


def _rows(count: int, value: str) -> list[dict[str, Any]]:
    return [{"name": f"fact {number}", "value": value} for number in range(count)]


def test_a_row_takes_the_place_of_the_one_with_its_key(store: Store) -> None:
    with store.write() as connection:
        upsert = Upsert(facts, connection.dialect)
        upsert.write(connection, _rows(100, "first"))
        upsert.write(connection, _rows(3, "second"))

    with store.read() as connection:
        found = {row.name: row.value for row in connection.execute(select(facts.c.name, facts.c.value))}
    assert [found[f"fact {number}"] for number in range(5)] == ["second"] * 3 + ["first"] * 2
    assert len([name for name in found if name.startswith("fact ")]) == 100


def test_the_same_rows_go_into_postgres(postgres_store: Store) -> None:
    with postgres_store.write() as connection:
        Upsert(facts, connection.dialect).write(connection, _rows(75, "first"))
        found = connection.execute(select(facts.c.value).where(facts.c.name.like("fact %"))).scalars().all()
        connection.rollback()
    assert found == ["first"] * 75


def test_however_many_rows_come_there_are_three_statements_that_a_connection_keeps_compiled(store: Store) -> None:
    """One for each number of rows took the memory of a small host within an hour."""
    with statements_of(store) as seen, store.write() as connection:
        upsert = Upsert(facts, connection.dialect)
        for count in range(1, 150):
            upsert.write(connection, _rows(count, "value"))

    assert len({statement for statement in seen if statement.startswith("INSERT")}) == 3
