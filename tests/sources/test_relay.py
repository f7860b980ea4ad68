"""What a producer makes in its own thread reaches the listener whole: the first word at once, then as many together as is pleasant."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator

import pytest

from okichat.sources import relay
from okichat.sources.callers import Callers
from okichat.sources.relay import Abort, Relay

WORDS = [f"{number} " for number in range(60)]
NEVER_S, PATIENCE_S = 3600.0, 30.0


def heard(produce: Callable[[Abort], Iterator[str]]) -> Iterator[str]:
    """What the listener gets, without the pauses."""
    items = Relay(produce, lambda item: item == "the end", operator.add, Callers()).items(PATIENCE_S, PATIENCE_S)
    return (item for item in items if item is not None)


def test_a_listener_that_is_far_behind_gets_many_items_as_one() -> None:
    all_made = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield from WORDS
        all_made.set()

    items = heard(produce)
    first = next(items)
    all_made.wait(PATIENCE_S)
    rest = list(items)

    assert f"{first}{''.join(rest)}" == "".join(WORDS)
    assert len(rest) <= 1


def test_the_first_word_comes_at_once_and_those_close_behind_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_PACE_S", NEVER_S)
    first_is_heard = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield "first "
        assert first_is_heard.wait(PATIENCE_S)
        yield from ("second ", "third")

    items = heard(produce)
    begin = next(items)
    first_is_heard.set()

    assert [begin, *items] == ["first ", "second third"]  # and the end waits for no pace


def test_the_last_item_waits_for_no_pace_while_the_producer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_PACE_S", NEVER_S)
    first_is_heard, all_is_heard = threading.Event(), threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield "first"
        assert first_is_heard.wait(PATIENCE_S)
        yield "the end"
        all_is_heard.wait(PATIENCE_S)

    items = heard(produce)
    begin = next(items)
    first_is_heard.set()
    rest = list(items)
    all_is_heard.set()

    assert [begin, *rest] == ["first", "the end"]


def test_a_word_that_nothing_follows_is_not_held_back() -> None:
    first_is_heard, second_is_heard = threading.Event(), threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield "first"
        assert first_is_heard.wait(PATIENCE_S)
        yield "second"
        second_is_heard.wait(PATIENCE_S)

    items = heard(produce)
    words = [next(items)]
    first_is_heard.set()
    words.append(next(items))
    second_is_heard.set()

    assert words == ["first", "second"]


def test_what_came_before_an_error_is_heard_first() -> None:
    all_made = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield from WORDS
        all_made.set()
        raise ZeroDivisionError

    items = heard(produce)
    words = [next(items)]
    all_made.wait(PATIENCE_S)

    with pytest.raises(ZeroDivisionError):
        words += items
    assert "".join(words) == "".join(WORDS)
