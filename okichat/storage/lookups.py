"""Single rows of a SQLite file, looked up beside the pool, whose checks at each checkout cost more than the look itself."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable

_MOST_SPARE = 8

FileIdentity = tuple[int, int] | None


class Lookups:
    """Finds out whether a row is there. Safe with threads: each look has a connection for itself."""

    def __init__(
        self, path: str, identity: Callable[[], FileIdentity], timeout_s: float, identify_every_s: float = 1.0
    ) -> None:
        """`identity` tells one file at `path` from another that replaced it; it is asked every `identify_every_s`."""
        self._path = path
        self._identify = identity
        self._timeout_s = timeout_s
        self._identify_every_s = identify_every_s
        self._identity: FileIdentity = None
        self._identified_at_s = float("-inf")
        self._spare: deque[tuple[FileIdentity, sqlite3.Connection]] = deque()

    def finds(self, query: str, key: str) -> bool:
        """Whether `query` gives a row for `key`. Raises sqlite3.Error."""
        identity, connection = self._connection()
        try:
            found = connection.execute(query, (key,)).fetchone() is not None
        except sqlite3.Error:
            connection.close()
            raise
        self._spare.append((identity, connection))
        if len(self._spare) > _MOST_SPARE:
            self._close_one()
        return found

    def close(self) -> None:
        """Give all connections back; the next look opens one again."""
        while self._spare:
            self._close_one()

    def _connection(self) -> tuple[FileIdentity, sqlite3.Connection]:
        now_s = time.monotonic()
        if now_s - self._identified_at_s >= self._identify_every_s:
            self._identified_at_s = now_s
            self._identity = self._identify()
        current = self._identity
        while self._spare:
            try:
                identity, connection = self._spare.pop()
            except IndexError:  # another thread was quicker
                break
            if identity == current:
                return current, connection
            connection.close()
        opened = sqlite3.connect(self._path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False)
        return current, opened

    def _close_one(self) -> None:
        try:
            _, connection = self._spare.popleft()
        except IndexError:  # another thread was quicker
            return
        connection.close()
