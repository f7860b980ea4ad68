"""What a producer makes in its own thread reaches the listener whole: the first word at once, then as many together as is pleasant."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator

import pytest

from okichat.sources import relay
from okichat.sources.callers import Callers
from okichat.sources.relay import Abort, DeadlinePassed, FirstWordLate, Relay
from tests.waiting import PATIENCE_S, wait_until

WORDS = [f"{number} " for number in range(60)]
NEVER_S = 3600.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed over because time has passed."""
    monkeypatch.setattr(relay, "_PACE_S", NEVER_S)
    monkeypatch.setattr(relay, "_HEARTBEAT_S", NEVER_S)


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


@pytest.mark.usefixtures("patient")
def test_the_first_word_comes_at_once_and_those_close_behind_it_together() -> None:
    first_is_heard = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        yield "first "
        assert first_is_heard.wait(PATIENCE_S)
        yield "second "
        threading.Event().wait(0.2)  # long enough for a listener who does not wait for more
        yield "third"

    items = heard(produce)
    begin = next(items)
    first_is_heard.set()

    assert [begin, *items] == ["first ", "second third"]  # and the end waits for no pace


@pytest.mark.usefixtures("patient")
def test_the_last_item_waits_for_no_pace_while_the_producer_goes_on() -> None:
    first_is_heard, all_is_heard = threading.Event(), threading.Event()
    was_heard: list[bool] = []

    def produce(_abort: Abort) -> Iterator[str]:
        yield "first"
        assert first_is_heard.wait(PATIENCE_S)
        yield "the end"
        was_heard.append(all_is_heard.wait(PATIENCE_S / 2))

    items = heard(produce)
    begin = next(items)
    first_is_heard.set()
    rest = list(items)
    all_is_heard.set()
    wait_until(lambda: was_heard, "the producer has ended")

    assert [begin, *rest] == ["first", "the end"]
    assert was_heard == [True]


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


class HandMovedTime:
    """That of whoever listens."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def time_of_the_listener(monkeypatch: pytest.MonkeyPatch) -> HandMovedTime:
    moved = HandMovedTime()
    monkeypatch.setattr(relay, "time", moved)
    monkeypatch.setattr(relay, "_HEARTBEAT_S", 0.01)
    return moved


def silent_after(*items: str) -> Callable[[Abort], Iterator[str]]:
    """A producer that says these and then nothing until it is aborted."""

    def produce(abort: Abort) -> Iterator[str]:
        ended = threading.Event()
        abort.on_call(ended.set)
        yield from items
        assert ended.wait(PATIENCE_S)

    return produce


def raw(produce: Callable[[Abort], Iterator[str]], first_s: float, total_s: float) -> Iterator[str | None]:
    return Relay(produce, lambda item: item == "the end", operator.add, Callers()).items(first_s, total_s)


@pytest.mark.parametrize(("first_s", "total_s"), [(5.0, 12.0), (12.0, 5.0)])
def test_a_first_word_is_waited_for_no_longer_than_either_time(
    time_of_the_listener: HandMovedTime, first_s: float, total_s: float
) -> None:
    items = raw(silent_after(), first_s, total_s)
    assert next(items) is None
    time_of_the_listener.now_s = 5.0

    with pytest.raises(FirstWordLate):
        next(items)


def test_once_it_has_begun_only_the_whole_time_counts(time_of_the_listener: HandMovedTime) -> None:
    items = raw(silent_after("word"), 5.0, 12.0)
    while next(items) is None:
        continue
    time_of_the_listener.now_s = 11.9
    assert next(items) is None
    time_of_the_listener.now_s = 12.0

    with pytest.raises(DeadlinePassed):
        next(items)


def test_whoever_stops_listening_ends_the_producer() -> None:
    ended = threading.Event()

    def produce(_abort: Abort) -> Iterator[str]:
        try:
            while True:
                yield "word "
        finally:
            ended.set()

    items = raw(produce, PATIENCE_S, PATIENCE_S)
    next(items)
    items.close()  # type: ignore[attr-defined]

    assert ended.wait(PATIENCE_S)


def test_after_its_last_item_a_producer_has_a_moment_to_end_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_GOODBYE_S", PATIENCE_S)
    was_aborted: list[bool] = []

    def produce(abort: Abort) -> Iterator[str]:
        aborted = threading.Event()
        abort.on_call(aborted.set)
        yield "the end"
        was_aborted.append(aborted.wait(0.2))

    assert list(heard(produce)) == ["the end"]
    assert was_aborted == [False]


def test_an_abort_ends_what_is_registered_later_too_and_nothing_that_is_over() -> None:
    abort = Abort()
    ended: list[str] = []
    abort.on_call(lambda: ended.append("over"))
    abort.forget()
    abort.on_call(lambda: ended.append("before"))
    abort.call()
    abort.call()
    abort.on_call(lambda: ended.append("after"))

    assert ended == ["before", "after"]
