"""The database: SQLite in one file, or Postgres. The one place that knows how the two differ."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from okichat.errors import StoreAway, StoreUnavailable
from okichat.on_demand import on_demand
from okichat.storage.deeds import Deed, Deeds
from okichat.storage.later import Later, Row
from okichat.storage.lookups import FileIdentity, Lookups
from okichat.storage.rest import Rest

# How long a visitor may wait for a database that does not answer, before the question goes on without it.
_LOCK_TIMEOUT_S = 1.0
_CONNECT_TIMEOUT_S = 2


class Store:
    """Opens transactions. Every database error leaves it as StoreUnavailable, with the cause attached."""

    def __init__(self, url: str) -> None:
        """`url` as settings.database_url. Opens nothing yet, so a database that is away does not stop the start."""
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._deeds = Deeds(partial(self._begin_write, insist=True), together=self.is_sqlite)
        self._later = Later(partial(self._deeds.aboard, self._begin_write))
        self._reads, self._writes = Rest(), Rest()  # SQLite is read while another process holds it for writing
        # SQLite lets one writer in at a time and makes the others sleep and retry; queueing them here is fair and faster.
        self._writing = threading.Lock() if self.is_sqlite else None
        self._writer: int | None = None
        self._lookups: Lookups | None = None
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                self._prepare_folder(Path(parsed.database).parent)
            with on_demand("sqlalchemy.dialects.sqlite.aiosqlite"):
                self.engine = create_engine(
                    parsed,
                    pool_size=16,
                    max_overflow=16,
                    pool_timeout=_LOCK_TIMEOUT_S,
                    connect_args={"timeout": _LOCK_TIMEOUT_S, "check_same_thread": False},
                )
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            if parsed.database and parsed.database != ":memory:":
                file = _SqliteFile(parsed.database)
                event.listen(self.engine, "connect", file.remember)
                event.listen(self.engine, "checkout", file.check)
                if not parsed.query:
                    self._lookups = Lookups(parsed.database, file.identity, _LOCK_TIMEOUT_S)
        else:
            self.engine = create_engine(
                parsed,
                pool_size=8,
                max_overflow=8,
                pool_timeout=_LOCK_TIMEOUT_S,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": _CONNECT_TIMEOUT_S,
                    # A host that is gone without a word; ignored where unknown.
                    "tcp_user_timeout": _CONNECT_TIMEOUT_S * 1000,
                },
            )
            event.listen(self.engine, "connect", _bound_waits)

    @contextmanager
    def write(self, *, durable: bool = False, insist: bool = False) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back on any error. Raises StoreUnavailable.

        `durable`: once committed, it survives a power loss too. Postgres is always so; on SQLite it costs one fsync.
        `insist`: wait for the database also right after others have waited in vain; for what must not get lost."""
        self.write_now()
        with self._begin_write(durable=durable, insist=insist) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads. Raises StoreUnavailable."""
        if self._writer != threading.get_ident():  # inside of its own write a thread would wait for itself
            self.write_now()
        with _translated(), ExitStack() as transaction:
            with self._reads.or_wait(insist=False):
                connection = transaction.enter_context(self.engine.connect())
                transaction.enter_context(connection.begin())
            yield connection

    def put_later(self, table: Table, key: str, row: Row) -> None:
        """Write a row within a quarter of a second, in the place of the one with this key, together with others of that moment.

        Any other transaction of this process sees it. A store that does not take it tells `tell_losses`."""
        self._later.put(table, key, row)

    def do_soon(self, deed: Deed) -> None:
        """Do it at once, or, within `gathering`, with the next transaction of this process. Raises nothing."""
        self._deeds.add(deed)

    def gathering(self) -> AbstractContextManager[None]:
        """Meanwhile deeds may wait for a transaction that comes anyway; at the end none waits any longer."""
        return self._deeds.gathering()

    def write_now(self) -> None:
        """Write what put_later was given, and do what waits, before this returns."""
        self._later.write()
        self._deeds.do_all()

    def tell_losses(self, listener: Callable[[StoreUnavailable], None]) -> None:
        """Call `listener` when rows of put_later could not be written."""
        self._later.after_loss = listener

    def holds(self, table: Table, key: str) -> bool:
        """Whether there is a row with this key, the ones of put_later included. Raises StoreUnavailable.

        Cheaper than a transaction by far: for what is asked at every question."""
        if self._later.holds(table, key):
            return True
        (column,) = table.primary_key
        mark = "?" if self.is_sqlite else "%s"
        query = f"SELECT 1 FROM {table.name} WHERE {column.name} = {mark}"
        try:
            if self._lookups:
                return self._lookups.finds(query, key)
            with (
                _translated(),
                closing(self.engine.raw_connection()) as connection,
                closing(connection.cursor()) as cursor,
            ):
                cursor.execute(query, (key,))
                return cursor.fetchone() is not None
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise StoreUnavailable(type(error).__name__) from error

    @contextmanager
    def _begin_write(self, *, durable: bool = False, insist: bool = False) -> Iterator[Connection]:
        with _translated(), ExitStack() as transaction:
            with self._writes.or_wait(insist=insist):
                if self._writing is not None:
                    transaction.enter_context(self._as_the_writer(self._writing))
                connection = transaction.enter_context(self.engine.connect())
                connection = connection.execution_options(okichat_write=True, okichat_durable=durable)
                transaction.enter_context(connection.begin())
            yield connection

    @contextmanager
    def _as_the_writer(self, writing: threading.Lock) -> Iterator[None]:
        if not writing.acquire(timeout=_LOCK_TIMEOUT_S):
            raise StoreAway("another write takes too long")
        self._writer = threading.get_ident()
        try:
            yield
        finally:
            self._writer = None
            writing.release()

    def close(self) -> None:
        """Give all connections back."""
        self.write_now()
        self.engine.dispose()
        if self._lookups:
            self._lookups.close()

    @staticmethod
    def _prepare_folder(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # opening the file will fail and say so, as StoreUnavailable


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        kind = StoreAway if isinstance(error, OperationalError | PoolTimeoutError) else StoreUnavailable
        raise kind(type(error).__name__) from error


def _configure_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions are ours: see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    record.info["synchronous"] = "NORMAL"
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _bound_waits(connection: Any, _record: Any) -> None:
    """Not as options of the connection: PgBouncer, behind which many hosts put Postgres, refuses those."""
    from psycopg import Error

    try:
        connection.autocommit = True
        connection.execute("SET lock_timeout = 2000; SET statement_timeout = 10000")
        connection.autocommit = False
    except Error as error:
        raise OperationalError("SET", None, error) from error


class _SqliteFile:
    """Notices that the file was deleted or replaced: open connections would go on with the old one, which nobody reads again."""

    def __init__(self, path: str) -> None:
        self._path = path

    def remember(self, _connection: Any, record: Any) -> None:
        record.info["file"] = self.identity()

    def check(self, _connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != self.identity():
            raise DisconnectionError("the file of the database is another one now")

    def identity(self) -> FileIdentity:
        """What tells the file from another under the same name; None where there is none."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins as a reader and then writes can fail at once with "database is locked"; a writer says so first.
    options = connection.get_execution_options()
    synchronous = "FULL" if options.get("okichat_durable") else "NORMAL"
    if options.get("okichat_write") and connection.info["synchronous"] != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.info["synchronous"] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("okichat_write") else "BEGIN")
