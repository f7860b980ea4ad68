"""Stops asking a model that fails, and finds out by one real question when it is back.

Our own, because the cool-down depends on the cause (a wrong key needs a human, a full server a minute) and a
server may name it (`Retry-After`); the libraries looked at know one fixed pause."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from okichat.clock import Clock
from okichat.errors import SourceUnavailable

_FAILURES_TO_OPEN = 3
_LONGEST_COOL_DOWN_S = 120.0
_LISTEN_EVERY_S = 1.0


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


class News(Protocol):
    """What other processes have learned about a model. Raises nothing; must be quick."""

    def tell(self, model: str, pause: Pause) -> None:
        """This process has learned that the model refuses whoever asks."""
        ...

    def tell_recovery(self, model: str) -> None:
        """It answers again."""
        ...

    def hear(self, model: str) -> Pause | None:
        """The pause that one of them told last and did not take back."""
        ...


class Breaker:
    """The breaker of one model. Safe with many threads."""

    def __init__(self, clock: Clock, model: str, news: News | None = None) -> None:
        """`news`: of other processes that ask the same model; None where there is only this one."""
        self._clock = clock
        self._model = model
        self._news = news
        self._listen_at_s = 0.0
        self._is_hearsay = False
        self._lock = threading.Lock()
        self._failures = 0
        self._reopened = 0
        self._pause: Pause | None = None
        self._probing = False

    def pause(self) -> Pause | None:
        """Why and until when the model is not asked; None while it is."""
        self._listen()
        with self._lock:
            return self._pause if self._pause and self._pause.until > self._clock.now() else None

    def enter(self) -> None:
        """Ask for passage before a call. After a pause one call at a time goes through. Raises ModelPaused."""
        self._listen()
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
            self._probing = self._is_hearsay = False
        if recovered and self._news:
            self._news.tell_recovery(self._model)
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
            pause = self._pause = Pause(cause, notice, self._clock.now() + timedelta(seconds=length_s))
            self._reopened += 1
            self._probing = self._is_hearsay = False
        if at_once and self._news:  # the others would be refused as well; a network that is down may be ours alone
            self._news.tell(self._model, pause)
        return not was_open

    def _listen(self) -> None:
        """Now and then, whether another process has had to learn something."""
        if self._news is None or time.monotonic() < self._listen_at_s:
            return
        with self._lock:
            if time.monotonic() < self._listen_at_s:
                return
            self._listen_at_s = time.monotonic() + _LISTEN_EVERY_S
        heard = self._news.hear(self._model)
        with self._lock:
            if heard and self._pause is None and heard.until > self._clock.now():
                self._pause, self._is_hearsay = heard, True
            elif heard is None and self._is_hearsay:
                self._pause, self._is_hearsay = None, False
