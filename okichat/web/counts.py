"""The counts of a limit in memory, for exactly one process: exact, and without the timer thread a hit of limits' own."""

from __future__ import annotations

import threading
import time

from limits.storage import MemoryStorage
from limits.storage.memory import Entry

_SWEEP_S = 60.0


class Counts(MemoryStorage):
    """The moments of the hits of each visitor, newest first, as long as they count."""

    STORAGE_SCHEME = ["okichat-memory"]  # noqa: RUF012  (limits reads it so)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._lock = threading.Lock()
        self._sweep_at_s = 0.0

    def count(self, key: str, limit: int, expiry: int) -> tuple[bool, int, float]:
        """Count one hit if it is within the limit: whether it is, how many more are, and when the oldest ceases to count."""
        with self._lock:
            hits = self._hits(key)
            allowed = len(hits) < limit
            if allowed:
                hits.insert(0, Entry(expiry))
            return allowed, max(0, limit - len(hits)), hits[-1].expiry if hits else time.time()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more hits are within the limit; then they count."""
        if amount > limit:
            return False
        with self._lock:
            hits = self._hits(key)
            if len(hits) > limit - amount:
                return False
            hits[:0] = [Entry(expiry) for _ in range(amount)]
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest hit that counts was, and how many count."""
        with self._lock:
            return super().get_moving_window(key, limit, expiry)

    def _hits(self, key: str) -> list[Entry]:
        """Those that still count."""
        now_s = time.time()
        if now_s >= self._sweep_at_s:
            self._forget_old(now_s)
        hits = self.events.setdefault(key, [])
        while hits and hits[-1].expiry < now_s:
            hits.pop()
        return hits

    def _forget_old(self, now_s: float) -> None:
        self._sweep_at_s = now_s + _SWEEP_S
        for key in [key for key, hits in self.events.items() if not hits or hits[0].expiry < now_s]:
            del self.events[key]
