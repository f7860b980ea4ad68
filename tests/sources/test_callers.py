"""Threads of calls: enough for all that run at the same time, used again, and not for ever."""

from __future__ import annotations

import os
import threading
import weakref

import pytest

from okichat.sources import callers as callers_module
from okichat.sources.callers import Callers
from tests.waiting import PATIENCE_S, wait_until


def thread_of_a_call(callers: Callers) -> threading.Thread:
    found: list[threading.Thread] = []
    callers.start(lambda: found.append(threading.current_thread())).join(PATIENCE_S)
    return found[0]


def wait_until_idle(callers: Callers, threads: int) -> None:
    """A call has ended a moment before its thread is ready for the next one."""
    wait_until(lambda: len(callers._idle) == threads, f"{threads} threads have come back")


def test_one_call_after_the_other_has_the_same_thread() -> None:
    callers = Callers()
    threads = set()
    for _ in range(5):
        threads.add(thread_of_a_call(callers))
        wait_until_idle(callers, 1)

    assert len(threads) == 1


def test_calls_at_the_same_time_do_not_wait_for_each_other() -> None:
    callers = Callers()
    all_there = threading.Barrier(20)
    for call in [callers.start(lambda: all_there.wait(PATIENCE_S)) for _ in range(20)]:
        call.join(PATIENCE_S)

    assert not all_there.broken
    wait_until_idle(callers, callers_module._MOST_IDLE)


def test_a_thread_that_nobody_needs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers_module, "_IDLE_S", 0.01)
    callers = Callers()
    thread = thread_of_a_call(callers)
    thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert thread_of_a_call(callers) is not thread


def test_a_child_of_fork_starts_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    callers = Callers()
    of_the_parent = thread_of_a_call(callers)
    wait_until_idle(callers, 1)
    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert thread_of_a_call(callers) is not of_the_parent


def test_a_thread_that_waits_for_the_next_call_holds_nothing_of_the_last() -> None:
    class Asked:
        """What a visitor has asked."""

        def __call__(self) -> None:
            """Ask it."""

    callers = Callers()
    for _ in range(2):
        asked = Asked()
        callers.start(asked).join(PATIENCE_S)
        wait_until_idle(callers, 1)
        left = weakref.ref(asked)
        del asked

        wait_until(lambda left=left: left() is None, "what was asked is forgotten", within_s=10)  # type: ignore[misc]
