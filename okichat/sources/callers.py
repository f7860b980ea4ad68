"""Threads for calls of the model that are used again: while one starts, the visitor waits for the system's scheduler twice."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

_IDLE_S = 20.0
_MOST_IDLE = 16


class Work:
    """Something that is done in a thread of Callers."""

    def __init__(self, do: Callable[[], object]) -> None:
        """`do` must not raise."""
        self._do = do
        self._ended = threading.Event()

    def run(self) -> None:
        """Do it, in the thread that calls this."""
        try:
            self._do()
        finally:
            self._ended.set()

    def join(self, within_s: float) -> None:
        """Wait for its end, but no longer than that."""
        self._ended.wait(within_s)


_Inbox = queue.SimpleQueue[Work]


class Callers:
    """As many threads as there are calls at the same time; some stay for a while and take the next ones. Safe with threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Inbox] = []
        self._pid = os.getpid()

    def start(self, do: Callable[[], object]) -> Work:
        """Do this at once, beside the caller."""
        work = Work(do)
        with self._lock:
            if self._pid != os.getpid():  # threads do not follow into a child of fork
                self._idle, self._pid = [], os.getpid()
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(inbox,), name="okichat-model-call", daemon=True).start()
        inbox.put(work)
        return work

    def _serve(self, inbox: _Inbox) -> None:
        inbox.get().run()
        while self._stays(inbox):
            try:
                work = inbox.get(timeout=_IDLE_S)
            except queue.Empty:
                if self._leaves(inbox):
                    return
                work = inbox.get()  # somebody has just chosen this thread
            work.run()
            del work  # it holds what a visitor has asked

    def _stays(self, inbox: _Inbox) -> bool:
        with self._lock:
            if len(self._idle) >= _MOST_IDLE:
                return False
            self._idle.append(inbox)
            return True

    def _leaves(self, inbox: _Inbox) -> bool:
        with self._lock:
            if inbox not in self._idle:
                return False
            self._idle.remove(inbox)
            return True
