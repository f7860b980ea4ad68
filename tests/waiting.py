"""Waiting for what another thread or process will have done: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 30.0  # many times what anything takes, for a machine with much else to do


def wait_until(holds: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Returns when it holds. Raises AssertionError, which says `what` has not come about."""
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s, f"in {within_s:g} seconds it has not come about that {what}"
        time.sleep(0.01)
