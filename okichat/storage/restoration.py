"""Fills a database, or a folder, from an archive: all of it or nothing."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.sql.expression import TableClause

from okichat.errors import BackupError
from okichat.storage.archive import SETTINGS, Archive, Part, stays_out
from okichat.storage.backup import columns_of
from okichat.storage.engine import Store
from okichat.storage.schema import REVISIONS, locked, upgrade, version_of
from okichat.storage.tables import UtcDateTime, audit, facts, metadata

_ROWS_AT_ONCE = 500
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Restored:
    """`since`: what the replaced database had recorded as exported or erased after the backup, action and subject."""

    rows: int
    since: tuple[tuple[str, str], ...]


def restore(archive: Archive, store: Store, *, replace: bool, on_rows: Callable[[int], object]) -> Restored:
    """Put the rows of an archive in the place of those of the database, in one transaction.

    The tables are made as the archive knew them, filled, and brought up to date. What this database keeps secret
    stays, and so does the record of what was exported or erased after the backup.
    Raises BackupError, also where there are rows already and not `replace`, and StoreUnavailable."""
    with locked(store) as connection:
        there = set(inspect(connection).get_table_names())
        ours = [table for table in metadata.sorted_tables if table.name in there]
        if (found := version_of(connection)) is not None and found not in REVISIONS:
            raise BackupError(f"the database is of a newer Okichat (tables {found}): update Okichat first")
        if not replace and (filled := _first_filled(connection, ours)):
            raise BackupError(f"the database is not empty (there are rows in {filled}); --force replaces all of it")
        since = _recorded_since(connection, archive.manifest.made_at) if "audit" in there else []
        secrets = _secrets(connection) if "facts" in there else []
        for table in reversed(ours):
            table.drop(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        upgrade(connection, archive.manifest.revision)
        for part in archive.manifest.parts:
            if part.table is not None:
                _fill(connection, archive, part, on_rows)
        if secrets:
            connection.execute(insert(facts), secrets)
        if archive.manifest.revision != REVISIONS[-1]:
            upgrade(connection)
        if not store.is_sqlite:
            _continue_numbers(connection)
        if since:
            connection.execute(insert(audit), since)
    return Restored(archive.manifest.rows, tuple((row["action"], row["subject"]) for row in since))


def need_empty(folder: Path) -> None:
    """Raises BackupError for what is neither an empty folder nor nothing yet."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise BackupError(f"{folder} is not an empty folder: name a new one")


def unpack_files(archive: Archive, into: Path) -> None:
    """Write the topics, prompts, templates and settings into an empty or new folder. Raises BackupError."""
    need_empty(into)
    try:
        for part in archive.manifest.parts:
            if part.table is None:
                _unpack(archive, part, into.joinpath(*part.name.split("/")))
    except OSError as error:
        raise BackupError(f"{into} cannot be written: {error.strerror or type(error).__name__}") from error


def _unpack(archive: Archive, part: Part, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if part.name == SETTINGS else 0o644
    target = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, mode)
    with open(target, "wb") as file, archive.open(part) as source:
        while chunk := source.read(_CHUNK_BYTES):
            file.write(chunk)


def _first_filled(connection: Connection, ours: list[Table]) -> str | None:
    """The name of a table with rows; the app's own secrets do not count, any start of it makes them."""
    for table in ours:
        rows = connection.execute(select(table.c[0]) if table is facts else select(table.c[0]).limit(1))
        if any(table is not facts or not stays_out(str(row[0])) for row in rows):
            return table.name
    return None


def _recorded_since(connection: Connection, made_at: datetime) -> list[dict[str, Any]]:
    columns = [column for column in audit.c if column.name != "id"]
    rows = connection.execute(select(*columns).where(audit.c.at > made_at).order_by(audit.c.id)).mappings()
    return [dict(row) for row in rows]


def _secrets(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute(select(facts.c.name, facts.c.value)).mappings()
    return [dict(row) for row in rows if stays_out(row["name"])]


def _fill(connection: Connection, archive: Archive, part: Part, on_rows: Callable[[int], object]) -> None:
    name = part.table or ""
    if name not in metadata.tables or not inspect(connection).has_table(name):
        raise BackupError(f"the archive has rows for a table that there is not: {name}")
    table = columns_of(connection, name)
    with closing(archive.rows(part)) as written:
        rows = _readable(written, table, part.name, keeps_nul=connection.dialect.name == "sqlite")
        while batch := list(itertools.islice(rows, _ROWS_AT_ONCE)):
            try:
                connection.execute(insert(table), batch)
            except (DataError, IntegrityError) as error:
                raise BackupError(f"{part.name}: the database does not take a row ({type(error).__name__})") from error
            on_rows(len(batch))


def _readable(
    rows: Iterator[dict[str, Any]], table: TableClause, place: str, *, keeps_nul: bool
) -> Iterator[dict[str, Any]]:
    names = {column.name for column in table.c}
    times = [column.name for column in table.c if isinstance(column.type, UtcDateTime)]
    documents = [column.name for column in table.c if isinstance(column.type, JSON)]
    for row in rows:
        if row.keys() != names or (table.name == "facts" and stays_out(str(row["name"]))):
            raise BackupError(f"{place}: a row that no backup has")
        try:
            for name in times:
                row[name] = datetime.fromisoformat(row[name]) if row[name] is not None else None
            for name in documents:
                if row[name] is not None:
                    row[name] = JSON.NULL if row[name] == "null" else json.loads(row[name])
        except (TypeError, ValueError) as error:
            raise BackupError(f"{place}: a value that cannot be read ({type(error).__name__})") from error
        if not keeps_nul:  # Postgres has no such character
            row = {name: value.replace("\x00", "") if isinstance(value, str) else value for name, value in row.items()}
        yield row


def _continue_numbers(connection: Connection) -> None:
    """Postgres counts on from the numbers that were restored."""
    for table in metadata.sorted_tables:
        counter = (
            connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
            if "id" in table.c
            else None
        )
        if counter:
            highest = connection.scalar(select(func.max(table.c.id)))
            connection.execute(
                text("SELECT setval(:counter, :number, :used)"),
                {"counter": counter, "number": highest or 1, "used": highest is not None},
            )
