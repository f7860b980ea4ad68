"""Runs a blocking producer in a thread of its own and hands over what it makes, within a deadline that always holds.

A read timeout bounds one read, never the whole attempt, and nothing bounds the resolution of a name: only somebody who waits
elsewhere can keep a total deadline, and notice meanwhile that the visitor has left."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from okichat.errors import SourceUnavailable
from okichat.sources.callers import Callers

T = TypeVar("T")
_GOODBYE_S = 0.05
_FAR_BEHIND = 16  # items: nearly a second of a quick model's words
_HEARTBEAT_S = 0.25  # a visitor who left shows at the second write, and the model is told within a second


class FirstWordLate(SourceUnavailable):
    """Nothing came within the time for the first word."""

    reason = "timeout_first_word"
    notice = "timeout"


class DeadlinePassed(SourceUnavailable):
    """The whole answer took too long."""

    reason = "timeout"
    notice = "timeout"


class Abort:
    """Lets one thread end what another one waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closers: list[Callable[[], None]] = []
        self.called = False

    def on_call(self, closer: Callable[[], None]) -> None:
        """Run `closer` when the abort is called, or now if it already was."""
        with self._lock:
            if not self.called:
                self._closers.append(closer)
                return
        closer()

    def forget(self) -> None:
        """What was registered is over: a call ends nothing any more."""
        with self._lock:
            self._closers = []

    def call(self) -> None:
        """End it. Safe to call twice."""
        with self._lock:
            if self.called:
                return
            self.called = True
        for closer in self._closers:
            closer()


class Relay(Generic[T]):
    """What `produce` yields, one by one, from another thread."""

    def __init__(
        self,
        produce: Callable[[Abort], Iterator[T]],
        is_last: Callable[[T], bool],
        join: Callable[[T, T], T],
        callers: Callers,
    ) -> None:
        """`produce` gets an Abort on which it registers how to end its blocking reads; it runs in a thread of `callers`.

        `join` makes one item of two: many that have piled up are handed over together."""
        self._produce = produce
        self._is_last = is_last
        self._join = join
        self._callers = callers
        self._abort = Abort()
        self._items: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def items(self, first_s: float, total_s: float) -> Iterator[T | None]:
        """The items as they come; None every quarter of a second in which none came.

        After an item for which `is_last` holds, the producer has a moment to end by itself, so that its connection can be kept.
        Raises FirstWordLate or DeadlinePassed when time is up, and whatever the producer raised. Closing this iterator aborts."""
        started = time.monotonic()
        call = self._callers.start(self._run)
        begun = False
        try:
            while True:
                limit_s = total_s if begun else min(first_s, total_s)
                left_s = started + limit_s - time.monotonic()
                if left_s <= 0:
                    raise DeadlinePassed if begun else FirstWordLate
                try:
                    item, error = self._next(min(left_s, _HEARTBEAT_S))
                except queue.Empty:
                    yield None
                    continue
                if item is not None:
                    begun = True
                    yield item
                if error is not None:
                    if isinstance(error, StopIteration):
                        return
                    raise error
                if item is not None and self._is_last(item):
                    call.join(_GOODBYE_S)
                    return
        finally:
            self._abort.call()

    def _next(self, wait_s: float) -> tuple[T | None, BaseException | None]:
        """The next item; where the listener is far behind, all that have come as one, and the error after them, if any.

        Raises queue.Empty when nothing comes."""
        item, error = self._items.get(timeout=wait_s)
        is_behind = self._items.qsize() >= _FAR_BEHIND
        while is_behind and item is not None and error is None and not self._items.empty():
            more, error = self._items.get()
            item = self._join(item, more) if more is not None else item
        return item, error

    def _run(self) -> None:
        try:
            for item in self._produce(self._abort):
                self._items.put((item, None))
                if self._abort.called:
                    return
            self._items.put((None, StopIteration()))
        except Exception as error:  # not swallowed: raised again in the thread that waits
            self._items.put((None, error))
