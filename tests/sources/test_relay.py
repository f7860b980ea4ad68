"""What a producer makes in its own thread reaches the listener whole, however far behind the listener is."""

from __future__ import annotations

import operator
import threading
from collections.abc import Iterator

import pytest

from okichat.sources.callers import Callers
from okichat.sources.relay import Abort, Relay

WORDS = [f"{number} " for number in range(60)]


def test_a_listener_that_is_far_behind_gets_many_items_as_one() -> None:
    all_made = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield from WORDS
        all_made.set()

    items = Relay(produce, lambda _item: False, operator.add, Callers()).items(10, 10)
    first = next(items)
    all_made.wait(10)
    rest = [item for item in items if item is not None]

    assert f"{first}{''.join(rest)}" == "".join(WORDS)
    assert len(rest) < len(WORDS) / 2


def test_what_came_before_an_error_is_heard_first() -> None:
    all_made = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield from WORDS
        all_made.set()
        raise ZeroDivisionError

    items = Relay(produce, lambda _item: False, operator.add, Callers()).items(10, 10)
    heard = [next(items) or ""]
    all_made.wait(10)

    with pytest.raises(ZeroDivisionError):
        heard += (item or "" for item in items)
    assert "".join(heard) == "".join(WORDS)
