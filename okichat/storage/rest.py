"""After somebody has waited in vain for the database, the next ones do not wait as well: not for a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from okichat.errors import StoreAway

_IN_VAIN_AFTER_S = 0.4  # a refusal that comes sooner holds nobody up, and needs no rest
_REST_S = 1.0


class Rest:
    """Spares visitors a wait that another one has just had in vain; once a second somebody tries again. Safe with threads."""

    def __init__(self) -> None:
        self._until_s = 0.0

    @contextmanager
    def or_wait(self, *, insist: bool) -> Iterator[None]:
        """Wraps the wait for a transaction to begin. Raises StoreAway at once during the rest, unless the caller insists."""
        began_s = time.monotonic()
        if not insist and began_s < self._until_s:
            raise StoreAway("others have just waited in vain")
        try:
            yield
        except BaseException:
            now_s = time.monotonic()
            if now_s - began_s >= _IN_VAIN_AFTER_S:
                self._until_s = now_s + _REST_S
            raise
        self._until_s = 0.0
