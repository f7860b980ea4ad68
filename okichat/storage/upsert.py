"""Rows of one table, each new or in the place of the one with its key, many in one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect

# Rows in one statement. Few sizes: each becomes a statement of its own, which SQLite keeps, compiled, with every connection.
_SIZES = (64, 8, 1)


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
        self._columns: list[tuple[str, Callable[[Any], Any] | None]] = [
            (column.key, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns
        ]

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write `rows`, no two of which have the same key. Columns that they do not name are empty."""
        while rows:
            size = next(size for size in _SIZES if size <= len(rows))
            some, rows = rows[:size], rows[size:]
            statement = f"{self._begin}{', '.join([self._row] * size)}{self._end}"
            connection.exec_driver_sql(statement, tuple(self._values(some)))

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        columns = self._columns
        return [process(row.get(name)) if process else row.get(name) for row in rows for name, process in columns]
