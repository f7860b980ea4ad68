"""Rows that may be written a moment later, many in one transaction, so that no visitor waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Table

from okichat.errors import StoreAway, StoreUnavailable
from okichat.storage.upsert import Upsert

_GATHERING_S = 0.25  # a process that is killed loses no more than what came in this time
_MOST_ROWS_KEPT = 2000  # while the store is away; some kilobytes each

Row = dict[str, Any]


class Later:
    """Keeps rows until they are written: after a moment, or as soon as `write` is called.

    The thread that writes them lives no longer than there is something to write, and an orderly end of the process waits
    for it: only a process that is killed loses the rows of the last moment."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`begin` opens the transaction in which the rows are written."""
        self._begin = begin
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[tuple[Table, str], Row] = {}
        self._under_way: dict[tuple[Table, str], Row] = {}
        self._upserts: dict[Table, Upsert] = {}
        self._has_thread = False
        self._is_away = False
        self.after_loss: Callable[[StoreUnavailable], None] = _nothing

    def put(self, table: Table, key: str, row: Row) -> None:
        """Write this row soon, in the place of the one with its key if there is one. Columns that it does not name are empty."""
        with self._lock:
            self._waiting[table, key] = row
            needs_thread, self._has_thread = not self._has_thread, True
        if needs_thread:
            threading.Thread(target=self._write_soon, name="okichat-later", daemon=False).start()

    def holds(self, table: Table, key: str) -> bool:
        """Whether a row with that key waits to be written."""
        with self._lock:
            return (table, key) in self._waiting or (table, key) in self._under_way

    def write(self) -> None:
        """Write what waits, now; what another thread is writing is written as well when this returns."""
        if not self._waiting and not self._under_way:
            return
        with self._writing:
            with self._lock:
                self._under_way, self._waiting = self._waiting, {}
            self._is_away = False
            try:
                if self._under_way:
                    self._write_group(self._under_way)
            except StoreAway as error:
                self._keep_for_the_next_time()
                self.after_loss(error)
            except StoreUnavailable as error:  # as with any other row that the store does not take
                self.after_loss(error)
            finally:
                with self._lock:
                    self._under_way = {}

    def _keep_for_the_next_time(self) -> None:
        """The next row that comes, or the next transaction, tries again; the oldest go first where there are too many."""
        with self._lock:
            rows = self._under_way | self._waiting
            self._waiting = dict(list(rows.items())[-_MOST_ROWS_KEPT:])
            self._is_away = True

    def _write_soon(self) -> None:
        while True:  # under load one thread stays: starting one makes a visitor wait for it
            threading.main_thread().join(_GATHERING_S)  # shorter at the end of the process
            self.write()
            with self._lock:
                if not self._waiting or self._is_away:
                    self._has_thread = False
                    return

    def _write_group(self, group: dict[tuple[Table, str], Row]) -> None:
        rows: dict[Table, list[Row]] = {}
        for (table, _key), row in group.items():
            rows.setdefault(table, []).append(row)
        with self._begin() as connection:
            for table, of_table in rows.items():
                if table not in self._upserts:
                    self._upserts[table] = Upsert(table, connection.dialect)
                self._upserts[table].write(connection, of_table)


def _nothing(_error: StoreUnavailable) -> None:
    """Nobody has asked to be told."""
