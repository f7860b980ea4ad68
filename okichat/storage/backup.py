"""Writes one archive with everything that a lost disk would cost: the database, the settings, and the topics, prompts,
templates and sentences.

Secrets stay out; what visitors wrote is in it, as in the database."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import JSON, Connection, DateTime, Text, cast, column, func, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.expression import TableClause

from okichat import __version__
from okichat.content import folder
from okichat.errors import BackupError, StoreUnavailable
from okichat.settings import Settings
from okichat.storage.archive import DATABASE, MANIFEST, SETTINGS, Manifest, Part, stays_out
from okichat.storage.engine import Store
from okichat.storage.schema import REVISIONS, version_of
from okichat.storage.tables import UtcDateTime, metadata

_ROWS_AT_ONCE = 1000
_CHUNK_BYTES = 1 << 16

_Row = TypeVar("_Row", bound=Mapping[str, Any])


def count_rows(store: Store) -> int:
    """How many rows a backup will hold, about. Raises StoreUnavailable."""
    with _snapshot(store) as connection:
        return sum(connection.scalar(select(func.count()).select_from(found)) or 0 for found in _tables(connection))


def write_backup(
    target: IO[bytes], store: Store, settings: Settings, now: datetime, on_rows: Callable[[int], object]
) -> Manifest:
    """Write an archive; `on_rows` hears of every so many rows. One moment of the database, also while it is used.

    Raises StoreUnavailable and BackupError."""
    store.write_now()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file, _snapshot(store) as connection:
        revision = version_of(connection)
        if revision not in REVISIONS:
            raise BackupError(f"the tables of the database are at {revision}, which this version does not know")
        pen = _Pen(file, now)
        for found in _tables(connection):
            pen.rows(f"{DATABASE}/{found.name}.jsonl", _rows(connection, found), on_rows)
        for name, path in _files(settings):
            pen.file(name, path)
        lines, left_out = _settings(settings)
        pen.text(SETTINGS, lines)
        manifest = Manifest(__version__, revision, now, tuple(pen.parts), left_out)
        pen.text(MANIFEST, manifest.to_json())
    return manifest


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read, complete or not there at all. Raises BackupError where there is one already."""
    if path.exists():
        raise BackupError(f"{path} exists already: name another file")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            yield target
        unfinished.replace(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or type(error).__name__}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def columns_of(connection: Connection, name: str) -> TableClause:
    """The table as it is in this database, whatever its revision, with the types that both engines share."""
    found = [column(each["name"], _shared_type(each["type"])) for each in inspect(connection).get_columns(name)]
    return table(name, *found)


class _Pen:
    """Writes parts and notes what they are."""

    def __init__(self, file: zipfile.ZipFile, now: datetime) -> None:
        self._file = file
        self._date = now.timetuple()[:6]
        self.parts: list[Part] = []

    def rows(self, name: str, rows: Iterator[_Row], on_rows: Callable[[int], object]) -> None:
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                yield (
                    json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
                    + b"\n"
                )
                count += 1
                if count % _ROWS_AT_ONCE == 0:
                    on_rows(_ROWS_AT_ONCE)
            on_rows(count % _ROWS_AT_ONCE)

        size, digest = self._write(name, lines())
        self.parts.append(Part(name, size, digest, count))

    def file(self, name: str, path: Path) -> None:
        with path.open("rb") as source:
            size, digest = self._write(name, iter(lambda: source.read(_CHUNK_BYTES), b""))
        self.parts.append(Part(name, size, digest))

    def text(self, name: str, content: str) -> None:
        size, digest = self._write(name, iter([content.encode()]))
        self.parts.append(Part(name, size, digest))

    def _write(self, name: str, chunks: Iterator[bytes]) -> tuple[int, str]:
        info = zipfile.ZipInfo(name, (max(self._date[0], 1980), *self._date[1:]))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._file.open(info, "w", force_zip64=True) as part:
            for chunk in chunks:
                digest.update(chunk)
                size += part.write(chunk)
        return size, digest.hexdigest()


@contextmanager
def _snapshot(store: Store) -> Iterator[Connection]:
    """A transaction in which every table is read as it was at the same moment, with time for long reads."""
    try:
        with store.engine.connect() as connection:
            if not store.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if not store.is_sqlite:
                    connection.execute(text("SET LOCAL statement_timeout = '600s'"))
                yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from error


def _tables(connection: Connection) -> list[TableClause]:
    there = set(inspect(connection).get_table_names())
    return [columns_of(connection, name) for name in sorted(metadata.tables) if name in there]


def _shared_type(found: Any) -> Any:
    if isinstance(found, DateTime):
        return UtcDateTime()
    return JSON(none_as_null=True) if isinstance(found, JSON) else found


def _rows(connection: Connection, found: TableClause) -> Iterator[dict[str, Any]]:
    key = inspect(connection).get_pk_constraint(found.name)["constrained_columns"]
    # As text, JSON's null and no value at all stay two things.
    wanted = [cast(each, Text).label(each.name) if isinstance(each.type, JSON) else each for each in found.c]
    query = select(*wanted).order_by(*(found.c[name] for name in key)).execution_options(yield_per=_ROWS_AT_ONCE)
    names = [each.name for each in found.c]
    for values in connection.execute(query):
        row = dict(zip(names, (_plain(value) for value in values), strict=True))
        if found.name != "facts" or not stays_out(row["name"]):
            yield row


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The topics and prompts in force, and the owner's templates and sentences.

    What is hidden or a link stays out: it may lead anywhere."""
    found = _under("knowledge", settings.knowledge or folder("knowledge")) | _under("prompts", folder("prompts"))
    for name in ("prompts", "templates", "translations"):
        if own := getattr(settings, name):
            found |= _under(name, own)
    yield from sorted(found.items())


def _under(name: str, root: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        plain = not any(piece.startswith(".") or piece == "__pycache__" for piece in inside.parts)
        linked = any(step.is_symlink() for step in (path, *path.parents[: len(inside.parts) - 1]))
        if plain and not linked and path.is_file():
            found[f"{name}/{inside.as_posix()}"] = path
    return found


def _settings(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The lines of a `.env` without secrets, and the names of the secrets that are set."""
    lines: list[str] = []
    left_out: list[str] = []
    for spec in fields(Settings):
        name, value = spec.metadata["name"], getattr(settings, spec.name)
        if value == spec.default:
            continue
        written = _written(name, value)
        if spec.metadata["secret"] or _holds_credentials(written):
            left_out.append(name)
            lines.append(f"# {name} was set; no backup holds it")
        else:
            quoted = written.replace("\\", "\\\\").replace("'", "\\'")
            lines.append(f"{name}='{quoted}'")
    return "\n".join([*lines, ""]), tuple(left_out)


def _written(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ("|" if name == "OKICHAT_SUGGESTIONS" else " ").join(map(str, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _holds_credentials(written: str) -> bool:
    pieces: Sequence[str] = written.split() if "://" in written else ()
    return any("@" in urlsplit(piece).netloc or urlsplit(piece).query for piece in pieces)
