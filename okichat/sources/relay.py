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
_PACE_S = (
    0.1  # many a model says a word in every hundredth of it: one message reads as well, and spares a phone the rest
)
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


class _Inbox(Generic[T]):
    """From one thread to another: the first item at once, those that come close after another as one, the end at once."""

    def __init__(self, join: Callable[[T, T], T]) -> None:
        self._join = join
        self._lock = threading.Lock()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._item: T | None = None
        self._error: BaseException | None = None
        self._is_awaited = True
        self._quiet_until_s = 0.0  # of the monotonic clock

    def put(self, item: T, *, is_last: bool) -> None:
        """One more item. Whoever waits is woken now if it is the last, or if nothing came for a while."""
        with self._lock:
            self._item = item if self._item is None else self._join(self._item, item)
            rings, self._is_awaited = self._is_awaited or is_last, False
        if rings:
            self._bell.put(None)

    def end(self, error: BaseException) -> None:
        """Nothing comes any more."""
        with self._lock:
            self._error = error
        self._bell.put(None)

    def take(self, within_s: float) -> tuple[T | None, BaseException | None]:
        """All that has come, as one item, and the error after it, if any. Raises queue.Empty when nothing comes."""
        until_s = time.monotonic() + within_s
        self._wait(min(until_s, self._quiet_until_s))
        while not self._has_come():
            if not self._wait(until_s):
                raise queue.Empty
        with self._lock:
            item, self._item = self._item, None
            error = self._error
        self._quiet_until_s = time.monotonic() + _PACE_S
        return item, error

    def _has_come(self) -> bool:
        """Whether there is something; if not, the next item rings."""
        with self._lock:
            self._is_awaited = self._item is None and self._error is None
            return not self._is_awaited

    def _wait(self, until_s: float) -> bool:
        """Whether the bell rang before that moment of the monotonic clock."""
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            return False
        try:
            self._bell.get(timeout=left_s)
        except queue.Empty:
            return False
        return True


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

        `join` makes one item of two: those that come close after another are handed over together."""
        self._produce = produce
        self._is_last = is_last
        self._callers = callers
        self._abort = Abort()
        self._inbox: _Inbox[T] = _Inbox(join)

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
                    item, error = self._inbox.take(min(left_s, _HEARTBEAT_S))
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

    def _run(self) -> None:
        try:
            for item in self._produce(self._abort):
                self._inbox.put(item, is_last=self._is_last(item))
                if self._abort.called:
                    return
            self._inbox.end(StopIteration())
        except Exception as error:  # not swallowed: raised again in the thread that waits
            self._inbox.end(error)
