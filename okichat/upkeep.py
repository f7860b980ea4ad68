"""What goes on beside the questions, once per process: opening what is slow to open, and work that comes due."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal

_ROUND_S = 60.0
_LEAST_PAUSE_S = 2.0

Job = Callable[[], object]


class Upkeep:
    """Runs some jobs when a process begins to serve, and others then and once a minute."""

    def __init__(
        self,
        journal: Journal,
        at_start: Sequence[Job],
        every_round: Sequence[Job],
        when_hurried: Sequence[Job] = (),
        opening: Sequence[Job] = (),
    ) -> None:
        """Jobs may raise StoreUnavailable; they run one after the other, in a thread that no visitor waits for.

        `when_hurried` are those of every round that `hurry` asks for; `opening` those that go before all others, and use
        neither thread nor connection."""
        self._journal = journal
        self._at_start = tuple(at_start)
        self._every_round = tuple(every_round)
        self._when_hurried = tuple(when_hurried)
        self._opening = tuple(opening)
        self._is_open = False
        self._hurried = threading.Event()
        self._lock = threading.Lock()
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._catching_up = threading.Lock()
        self._next_round_s: float | None = None

    def also(self, job: Job, *, when_hurried: bool = False) -> None:
        """One more job of every round, told before the start."""
        self._every_round += (job,)
        if when_hurried:
            self._when_hurried += (job,)

    def also_at_start(self, job: Job) -> None:
        """One more job for the beginning, told before the start."""
        self._at_start += (job,)

    def also_opening(self, job: Job) -> None:
        """One more job for the opening, told before it."""
        self._opening += (job,)

    def open(self) -> None:
        """Do the jobs of the opening, now and in this thread, if they are not done: a child of fork has what is done before."""
        with self._lock:
            if not self._is_open:
                for job in self._opening:
                    self._do(job)
                self._is_open = True

    def start(self) -> None:
        """Begin, in this process; a second call does nothing. A child of fork has to be told too: threads do not follow it."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self._stopping = threading.Event()
            self._hurried = threading.Event()
            self._thread = threading.Thread(target=self._run, name="okichat-upkeep", daemon=True)
            self._thread.start()

    def do_start(self) -> None:
        """The jobs of the beginning, now and in this thread."""
        self.open()
        for job in self._at_start:
            self._do(job)

    def do_round(self) -> None:
        """The jobs of one round, now and in this thread."""
        for job in self._every_round:
            self._do(job)

    def catch_up(self) -> None:
        """For hosts where no thread lives on: what has come due since the last call, now and in this thread."""
        if not self._catching_up.acquire(blocking=False):
            return  # another request is at it
        try:
            if self._next_round_s is None:
                self.do_start()
            if self._next_round_s is None or time.monotonic() >= self._next_round_s:
                self._next_round_s = time.monotonic() + _ROUND_S
                self._hurried.clear()
                self.do_round()
            elif self._hurried.is_set():
                self._hurried.clear()
                for job in self._when_hurried:
                    self._do(job)
        finally:
            self._catching_up.release()

    def hurry(self) -> None:
        """There is something to do that need not wait for the next round. Costs nothing, however often it is said."""
        self._hurried.set()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread after the job at hand, and wait for that."""
        self._stopping.set()
        self._hurried.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        self.open()
        self._do_unless_stopped(self._at_start)
        while not self._stopping.is_set():
            self._do_unless_stopped(self._every_round)
            self._wait_for_next_round()

    def _do_unless_stopped(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if not self._stopping.is_set():
                self._do(job)

    def _wait_for_next_round(self) -> None:
        until_s = time.monotonic() + _ROUND_S
        pause_s = _LEAST_PAUSE_S
        while (left_s := until_s - time.monotonic()) > 0 and not self._stopping.wait(min(pause_s, left_s)):
            if self._hurried.wait(max(until_s - time.monotonic(), 0)) and not self._stopping.is_set():
                self._hurried.clear()
                went = [self._do(job) for job in self._when_hurried]
                if all(went):
                    pause_s = _LEAST_PAUSE_S
                else:
                    pause_s *= 2  # the store may be back in a moment, or away for long
                    self._hurried.set()

    def _do(self, job: Job) -> bool:
        """False if it has to be done again because the store was away."""
        try:
            job()
        except StoreUnavailable as error:
            self._journal.event("store_unavailable", room="upkeep", cause=str(error))
            return False
        except Exception as error:  # a defect in one job must not end the others
            self._journal.crash("upkeep_crashed", error)
        return True
