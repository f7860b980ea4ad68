"""Stops asking a model that fails, and finds out by one real question when it is back.

Our own, because the cool-down depends on the cause (a wrong key needs a human, a full server a minute) and a
server may name it (`Retry-After`); the libraries looked at know one fixed pause."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from okichat.clock import Clock
from okichat.errors import SourceUnavailable

_FAILURES_TO_OPEN = 3
_LONGEST_COOL_DOWN_S = 120.0


class ModelPaused(SourceUnavailable):
    """The model failed before and is not asked now; reason and notice are those of the failure."""

    def __init__(self, cause: str, notice: str | None) -> None:
        super().__init__(cause)
        self.reason = f"paused_{cause}"
        self.notice = notice


@dataclass(frozen=True, slots=True)
class Pause:
    """Why the model is not asked, and until when."""

    cause: str
    notice: str | None
    until: datetime


class Breaker:
    """The breaker of one model. Safe with many threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._reopened = 0
        self._pause: Pause | None = None
        self._probing = False

    def pause(self) -> Pause | None:
        """Why and until when the model is not asked; None while it is."""
        with self._lock:
            return self._pause if self._pause and self._pause.until > self._clock.now() else None

    def enter(self) -> None:
        """Ask for passage before a call. After a pause one call at a time goes through. Raises ModelPaused."""
        with self._lock:
            if self._pause is None:
                return
            if self._pause.until > self._clock.now() or self._probing:
                raise ModelPaused(self._pause.cause, self._pause.notice)
            self._probing = True

    def succeeded(self) -> bool:
        """The call went well. True if that ends a pause."""
        with self._lock:
            recovered = self._pause is not None
            self._failures = self._reopened = 0
            self._pause = None
            self._probing = False
            return recovered

    def abandoned(self) -> None:
        """The call was neither good nor bad, e.g. the visitor left: the next one may try."""
        with self._lock:
            self._probing = False

    def failed(self, cause: str, notice: str | None, cool_down_s: float, *, at_once: bool) -> bool:
        """The call failed. True if the breaker opens now: `at_once`, on a failed probe, or on repeated failures.

        Each pause in a row is twice as long as the one before, up to two minutes (or `cool_down_s` if that is more)."""
        with self._lock:
            self._failures += 1
            if not (at_once or self._probing or self._failures >= _FAILURES_TO_OPEN):
                return False
            length_s = max(cool_down_s, min(cool_down_s * 2**self._reopened, _LONGEST_COOL_DOWN_S))
            was_open = self._pause is not None and self._pause.cause == cause
            self._pause = Pause(cause, notice, self._clock.now() + timedelta(seconds=length_s))
            self._reopened += 1
            self._probing = False
            return not was_open
