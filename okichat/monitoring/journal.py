"""What the operator hears of: one JSON line on the log for every event, never a visitor's words, an address or a key."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from okichat.clock import Clock

_log = logging.getLogger("okichat")
_REPEAT_AFTER = timedelta(seconds=60)

Fact = str | int | float | bool | None


class Listener(Protocol):
    """Whoever wants to hear of events too, e.g. the alerts."""

    def __call__(self, name: str, facts: dict[str, Fact]) -> None:
        """Called in the thread of the event; must be quick and must not raise."""


class Journal:
    """Writes events. The same event about the same thing is written once a minute, so that a fault is no flood."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[tuple[object, ...], tuple[float, int]] = {}
        self._listeners: list[Listener] = []
        self._crash_listeners: list[Callable[[BaseException], object]] = []

    def listen(self, listener: Listener) -> None:
        """Let `listener` hear of every event that is written."""
        self._listeners.append(listener)

    def on_crash(self, listener: Callable[[BaseException], object]) -> None:
        """Let `listener`, which must be quick and must not raise, have the error of every crash."""
        self._crash_listeners.append(listener)

    def event(self, name: str, **facts: Fact) -> None:
        """Write one event. `facts` are words and figures, never texts."""
        now = self._clock.now()
        kind = (name, *(value for value in facts.values() if isinstance(value, str)))
        with self._lock:
            last, suppressed = self._last.get(kind, (0.0, 0))
            if 0 <= now.timestamp() - last < _REPEAT_AFTER.total_seconds():
                self._last[kind] = (last, suppressed + 1)
                return
            if len(self._last) > 1000:
                self._last.clear()
            self._last[kind] = (now.timestamp(), 0)
        if suppressed:
            facts["repeated"] = suppressed
        _log.warning(
            json.dumps({"at": now.isoformat(timespec="milliseconds"), "event": name, **facts}, ensure_ascii=False)
        )
        for listener in self._listeners:
            listener(name, facts)

    def crash(self, name: str, error: BaseException, **facts: Fact) -> None:
        """Write an event about a defect of ours: its type and where it happened, but not its text, which may quote a visitor."""
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_filename.rsplit('okichat/', 1)[-1]}:{where.tb_lineno}" if where else ""
        self.event(name, error=type(error).__name__, place=place, **facts)
        for listener in self._crash_listeners:
            listener(error)
