"""Many who wait for the same: one piece of work, every event for everyone, whoever comes, leaves or crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from okichat.answer import Answer, Delta, Event, Restart, Usage
from okichat.cache.flight import Flights
from tests.waiting import PATIENCE_S, wait_until

USAGE = Usage("model", 100, 0, 10, 15)
ANSWER = Answer("Un deux", "gpt", usage=USAGE)


class Work:
    """A source that waits for permission before each of its events, and knows how often it was begun and closed."""

    def __init__(self, *events: Event | Exception) -> None:
        self.events = events or (Delta("Un"), Restart("protocol"), Delta("Un"), Delta(" deux"), ANSWER)
        self.permits = threading.Semaphore(0)
        self.begun = 0
        self.closed = threading.Event()

    def __call__(self) -> Iterator[Event]:
        self.begun += 1
        return self._events()

    def _events(self) -> Iterator[Event]:
        try:
            for event in self.events:
                while not self.permits.acquire(timeout=0.02):
                    yield Delta("")
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.closed.set()

    def finish(self) -> None:
        """Permit everything."""
        for _ in range(100):
            self.permits.release()


class Visitor(threading.Thread):
    """Listens in a thread of its own, until the end or until it has had `leaves_after` events with words."""

    def __init__(self, flights: Flights, begin: Callable[[], Iterator[Event]], leaves_after: int | None = None) -> None:
        super().__init__(daemon=True)
        self._stream = flights.share("key", begin)
        self._leaves_after = leaves_after
        self._had: list[Event] = []
        self.crash: BaseException | None = None
        self.start()

    @property
    def heard(self) -> list[Event]:
        """The events that say something."""
        return [event for event in self._had if event != Delta("")]

    def run(self) -> None:
        try:
            for event in self._stream:
                self._had.append(event)
                if len(self.heard) == self._leaves_after:
                    break
        except RuntimeError as crash:
            self.crash = crash
        del self._stream

    def is_waiting(self) -> bool:
        """Whether nothing has come since the last event that says something, or since the beginning."""
        return self._had[-1:] == [Delta("")]

    def end(self) -> list[Event]:
        self.join(PATIENCE_S)
        assert not self.is_alive()
        return self.heard


def gather(flights: Flights, begin: Callable[[], Iterator[Event]], count: int) -> list[Visitor]:
    """Visitors who all wait for the next event."""
    visitors = [Visitor(flights, begin) for _ in range(count)]
    wait_until(lambda: all(visitor.is_waiting() for visitor in visitors), "everybody waits for the next event")
    return visitors


def words(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Answer)]


def test_two_hundred_listeners_hear_every_event_of_one_work() -> None:
    flights, work = Flights(), Work()
    visitors = gather(flights, work, 100)
    work.permits.release()
    visitors += gather(flights, work, 100)
    work.finish()

    heard = [visitor.end() for visitor in visitors]

    assert work.begun == 1
    assert all(words(events) == list(work.events[:-1]) for events in heard)
    answers = [events[-1] for events in heard]
    assert all(isinstance(answer, Answer) and answer.text == ANSWER.text for answer in answers)
    assert [answer.usage for answer in answers if isinstance(answer, Answer) and answer.usage] == [USAGE]


def test_what_was_paid_is_in_the_answer_of_the_one_who_asked_first() -> None:
    flights, work = Flights(), Work()
    [first] = gather(flights, work, 1)
    [second] = gather(flights, work, 1)
    work.finish()

    assert first.end()[-1] == ANSWER
    assert second.end()[-1] == Answer("Un deux", "gpt")


def test_the_one_who_asked_first_may_leave() -> None:
    flights, work = Flights(), Work()
    first = Visitor(flights, work, leaves_after=1)
    [second] = gather(flights, work, 1)
    work.permits.release()
    first.end()
    work.finish()

    assert second.end() == list(work.events)
    assert work.begun == 1


def test_the_work_ends_when_the_last_listener_leaves() -> None:
    flights, work = Flights(), Work()
    first, second = Visitor(flights, work, leaves_after=1), Visitor(flights, work, leaves_after=2)
    wait_until(lambda: first.is_waiting() and second.is_waiting(), "both wait for the first event")
    work.permits.release()
    first.end()
    assert not work.closed.is_set()
    work.permits.release()
    second.end()

    assert work.closed.wait(PATIENCE_S)
    later = Visitor(flights, work)
    work.finish()
    assert later.end() == list(work.events)
    assert work.begun == 2
    assert flights._flights == {}


def test_a_listener_who_does_not_read_holds_up_nobody() -> None:
    flights, work = Flights(), Work()
    work.finish()
    slow = flights.share("key", work)
    assert next(slow) == Delta("Un")

    assert Visitor(flights, work).end()[:-1] == list(work.events[:-1])
    assert work.begun == 1
    assert list(slow) == list(work.events[1:])


def test_signs_of_life_are_no_part_of_what_a_late_listener_hears() -> None:
    flights, work = Flights(), Work(Delta("Un"), ANSWER)
    [first] = gather(flights, work, 1)
    work.permits.release()
    wait_until(lambda: first.heard == [Delta("Un")] and first.is_waiting(), "the first waits for the second word")

    late = flights.share("key", work)

    assert next(late) == Delta("Un")
    work.finish()
    assert [event for event in late if event != Delta("")] == [Answer("Un deux", "gpt")]
    first.end()


def test_the_work_is_let_finish_after_its_answer() -> None:
    ended: list[str] = []

    def work() -> Iterator[Event]:
        yield ANSWER
        ended.append("kept and settled")

    assert list(Flights().share("key", work)) == [ANSWER]
    assert ended == ["kept and settled"]


def test_when_the_first_crashes_another_begins_anew() -> None:
    flights = Flights()
    broken, sound = Work(Delta("Un"), RuntimeError("defect")), Work(Delta("Deux"), ANSWER)
    works = iter([broken, sound])

    def begin() -> Iterator[Event]:
        return next(works)()

    [first] = gather(flights, begin, 1)
    others = gather(flights, begin, 20)
    broken.finish()
    first.end()
    wait_until(
        lambda: all(Restart("crashed") in other.heard and other.is_waiting() for other in others),
        "the others wait for what begins anew",
    )
    sound.finish()

    heard = [other.end() for other in others]
    assert isinstance(first.crash, RuntimeError)
    assert all(words(events) == [Delta("Un"), Restart("crashed"), Delta("Deux")] for events in heard)
    assert sum(events[-1] == ANSWER for events in heard) == 1
    assert sound.begun == 1


def test_a_defect_that_comes_again_is_not_hidden() -> None:
    flights, work = Flights(), Work(RuntimeError("defect"))
    work.finish()
    with pytest.raises(RuntimeError, match="defect"):
        list(flights.share("key", work))
