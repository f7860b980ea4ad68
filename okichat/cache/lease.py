"""The right of one process to ask the model for an answer that others wait for too."""

from __future__ import annotations

import time
from typing import Protocol

from okichat.cache.shelf import ShelfAway

_HOLD_EVERY_S = 1.0


class Leases(Protocol):
    """Who asks for which key, over all processes. Methods raise ShelfAway."""

    def take(self, key: str) -> bool:
        """Whether this process may ask: no other one does."""
        ...

    def prolong(self, key: str) -> None:
        """This process is still at it; without that, another may take over within seconds."""
        ...

    def end(self, key: str) -> None:
        """This process has finished."""
        ...


class Lease:
    """The lease on one key. Where nobody knows who asks, everybody may."""

    def __init__(self, leases: Leases | None, key: str) -> None:
        self._leases = leases
        self._key = key
        self._held_at_s = 0.0
        self._is_ours = False

    def take(self) -> bool:
        """Whether to ask the model now; False while another process does."""
        if self._leases is None:
            return True
        try:
            self._is_ours = self._leases.take(self._key)
        except ShelfAway:
            return True
        self._held_at_s = time.monotonic()
        return self._is_ours

    def hold(self) -> None:
        """Keep it, as often as there is a sign of life; the lease of a process that dies runs out by itself."""
        if self._leases is None or not self._is_ours or time.monotonic() - self._held_at_s < _HOLD_EVERY_S:
            return
        self._held_at_s = time.monotonic()
        try:
            self._leases.prolong(self._key)
        except ShelfAway:
            self._is_ours = False

    def end(self) -> None:
        """Let others ask."""
        if self._leases is None or not self._is_ours:
            return
        self._is_ours = False
        try:
            self._leases.end(self._key)
        except ShelfAway:
            return  # it runs out by itself
