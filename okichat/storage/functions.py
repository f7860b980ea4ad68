"""What SQLite and Postgres say differently: times, and which version they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class hour_of(FunctionElement[str]):  # noqa: N801 - it reads as the function it is
    """The hour of a UtcDateTime column, in UTC: "2026-11-23 09"."""

    type = String()
    inherit_cache = True


def moment_of(hour: str, zone: ZoneInfo) -> datetime:
    """What `hour_of` gives, as the moment in a time zone at which that hour begins."""
    return datetime.fromisoformat(hour).replace(tzinfo=UTC).astimezone(zone)


class hundredths_between(FunctionElement[int]):  # noqa: N801 - it reads as the function it is
    """The time from one UtcDateTime column to another, in hundredths of a second."""

    type = Integer()
    inherit_cache = True


@compiles(hour_of, "sqlite")
def _hour_sqlite(element: hour_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, 13)"


@compiles(hour_of, "postgresql")
def _hour_postgres(element: hour_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"


@compiles(hundredths_between, "sqlite")
def _between_sqlite(element: hundredths_between, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(round((julianday({end}) - julianday({begin})) * 8640000.0) AS INTEGER)"


@compiles(hundredths_between, "postgresql")
def _between_postgres(element: hundredths_between, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(round(EXTRACT(EPOCH FROM ({end} - {begin})) * 100) AS INTEGER)"


def server_version(connection: Connection) -> str:
    """The version of SQLite or Postgres, e.g. "3.45.1"."""
    return ".".join(map(str, connection.dialect.server_version_info or ()))
