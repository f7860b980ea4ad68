"""Rows of one table, each new or in the place of the one with its key, many in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect

_MOST_VALUES = 2000  # in one statement; both engines take more


class Upsert:
    """How rows go into one table of one kind of database.

    In words of our own: SQLAlchemy sends such rows one by one, and on SQLite each of them gives every waiting thread its turn."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        """`dialect`: of the connection in which the rows will be written."""
        names = [dialect.identifier_preparer.format_column(column) for column in table.columns]
        keys = [dialect.identifier_preparer.format_column(column) for column in table.primary_key]
        replaced = ", ".join(f"{name} = excluded.{name}" for name in names)
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self._begin = f"INSERT INTO {dialect.identifier_preparer.format_table(table)} ({', '.join(names)}) VALUES "
        self._row = f"({', '.join([mark] * len(names))})"
        self._end = f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {replaced}"
        self._most_rows = max(1, _MOST_VALUES // len(names))
        self._columns: list[tuple[str, Callable[[Any], Any] | None]] = [
            (column.key, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns
        ]

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write `rows`, no two of which have the same key. Columns that they do not name are empty."""
        for start in range(0, len(rows), self._most_rows):
            some = rows[start : start + self._most_rows]
            statement = f"{self._begin}{', '.join([self._row] * len(some))}{self._end}"
            connection.exec_driver_sql(statement, tuple(self._values(some)))

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        columns = self._columns
        return [process(row.get(name)) if process else row.get(name) for row in rows for name, process in columns]
