"""Brings the database to the tables this version needs: by itself on SQLite, by `python -m okichat migrate` on Postgres."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.tables import metadata

log = logging.getLogger("okichat.storage")

REVISIONS = ("0001", "0002")  # every migration, oldest first; a test compares them with the files
HEAD = REVISIONS[-1]

_SCRIPTS = Path(__file__).with_name("migrations")
# A first start creates all tables well within this, so a second process that starts at the same time only has to wait.
_PATIENCE_S = 30.0
_RETRY_S = 0.05
_POSTGRES_LOCK = 7_035_188_271  # any number, the same in every process


def prepare(store: Store) -> None:
    """Call once at start: the tables are there afterwards, unless Postgres waits for its release phase.

    SQLite is migrated. A Postgres database that has no table of ours yet is created; an older one is left alone with a
    warning, because during a release the old version is still running on it. Raises StoreUnavailable."""
    version = _version(store)
    if version == HEAD or _is_newer(version):
        return
    if version is not None and not store.is_sqlite:
        log.warning("the database is at version %s, this code needs %s: run `python -m okichat migrate`", version, HEAD)
        return
    migrate(store)


def migrate(store: Store) -> None:
    """Bring the tables to this version; does nothing when they already are. Several processes may try at once.

    Raises StoreUnavailable."""
    with locked(store) as connection:
        version = version_of(connection)
        if version == HEAD or _is_newer(version):
            return
        if version is None and not inspect(connection).get_table_names():
            _create(connection)
        else:
            upgrade(connection)


def _create(connection: Connection) -> None:
    """All tables at once in an empty database, as the migrations would: Alembic takes longer than the rest of a start."""
    metadata.create_all(connection)
    versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
    versions.create(connection)
    connection.execute(insert(versions), {"version_num": HEAD})


def _is_newer(version: str | None) -> bool:
    if version is None or version in REVISIONS:
        return False
    log.warning("the database is at version %s, which this code (%s) does not know: it is used as it is", version, HEAD)
    return True


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations that are missing up to one of REVISIONS, in the transaction that `connection` is in."""
    # Imported here: the import takes longer than everything else at start, and nearly every start finds nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _version(store: Store) -> str | None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with store.read() as connection:
                return version_of(connection)
        except StoreUnavailable as error:
            if not _is_busy(error.__cause__) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)


def version_of(connection: Connection) -> str | None:
    """The revision that the tables are at; None where there are none of ours."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def locked(store: Store) -> Iterator[Connection]:
    """A write transaction in which nobody else migrates, with the patience for long work. Raises StoreUnavailable."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection = store.engine.connect().execution_options(okichat_write=True, okichat_durable=True)
            try:
                transaction = connection.begin()
            except SQLAlchemyError:
                connection.close()
                raise
            break
        except DBAPIError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise StoreUnavailable(type(error).__name__) from error
        time.sleep(_RETRY_S)
    try:
        with connection, transaction:
            if not store.is_sqlite:
                # The limits that keep a visitor from waiting are too tight for the wait for another process that migrates.
                connection.execute(text("SET LOCAL lock_timeout = '60s'"))
                connection.execute(text("SET LOCAL statement_timeout = '600s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from error


def _is_busy(error: BaseException | None) -> bool:
    """SQLite says so at once, without waiting, while another process switches the file to WAL."""
    return isinstance(error, OperationalError) and "database is locked" in str(error)
