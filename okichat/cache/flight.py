"""One piece of work for all who wait for the same: they hear every event, from the first, whenever they came.

Nobody leads for long: whoever needs the next event, while nobody else fetches it, fetches it for all. So there is no thread
to pay for, a listener with a slow line holds up nobody, and the one who began may leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace

from okichat.answer import Answer, Delta, Event, Restart

_HEARTBEAT_S = 0.25
_HEARTBEAT = Delta("")


class Crashed(Exception):
    """The work ended without an Answer, by a defect, which is the cause."""


class Flight:
    """One work under way."""

    def __init__(self, source: Iterator[Event], on_end: Callable[[Flight], None]) -> None:
        """`source` ends with an Answer. `on_end` is called once, when nobody can join any more."""
        self._source = source
        self._on_end = on_end
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._listeners = 0
        self._fetching = False
        self._ended = False
        self._defect: BaseException | None = None
        self._leader_left = False
        self._paid_given = False

    def join(self) -> bool:
        """Take part, and then listen; False if it is too late."""
        with self._changed:
            if self._ended:
                return False
            self._listeners += 1
            return True

    def listen(self, *, leads: bool) -> Generator[Event, None, None]:
        """Every event; what was paid is in the Answer of one listener, of the one who `leads` unless that one has left.

        Closing it leaves; the last one who leaves ends the work. Raises Crashed."""
        position = 0
        try:
            while True:
                event = self._next(position)
                position += event is not _HEARTBEAT
                if isinstance(event, Answer):
                    yield self._answer_for(event, leads=leads)
                    return
                yield event
        finally:
            self._leave(leads=leads)

    def _next(self, position: int) -> Event:
        with self._changed:
            self._changed.wait_for(lambda: position < len(self._events) or not self._fetching, _HEARTBEAT_S)
            if position < len(self._events):
                return self._events[position]
            if self._ended:
                raise Crashed from self._defect
            if self._fetching:
                return _HEARTBEAT
            self._fetching = True
        return self._fetch()

    def _fetch(self) -> Event:
        event: Event | None = None
        try:
            event = next(self._source, None)
            if isinstance(event, Answer):
                next(self._source, None)  # let it finish: the Answer is the last event
        except Exception as defect:
            self._defect = defect
            raise Crashed from defect
        finally:
            self._fetched(event)
        if event is None:
            raise Crashed
        return event if event != _HEARTBEAT else _HEARTBEAT

    def _fetched(self, event: Event | None) -> None:
        with self._changed:
            self._fetching = False
            self._ended = event is None or isinstance(event, Answer)
            if event is not None and event != _HEARTBEAT:
                self._events.append(event)
            self._changed.notify_all()
        if self._ended:
            self._on_end(self)

    def _answer_for(self, answer: Answer, *, leads: bool) -> Answer:
        with self._changed:
            if not self._paid_given and (leads or self._leader_left):
                self._paid_given = True
                return answer
        return replace(answer, usage=None)

    def _leave(self, *, leads: bool) -> None:
        with self._changed:
            self._listeners -= 1
            self._leader_left = self._leader_left or leads
            abandoned = self._listeners == 0 and not self._ended
            self._ended = self._ended or abandoned
        if abandoned:
            self._on_end(self)
            close = getattr(self._source, "close", None)
            if close:
                close()


class Flights:
    """The works under way in this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}

    def share(self, key: str, begin: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        """The events of the work for `key`: of one that is under way, else of the one that `begin` gives.

        If it crashes, the one who began it gets the defect, and the others begin once more."""
        shown = False
        for last_try in (False, True):
            flight, leads = self._board(key, begin)
            try:
                with closing(flight.listen(leads=leads)) as events:
                    for event in events:
                        shown = shown or (isinstance(event, Delta) and event.text != "")
                        yield event
                return
            except Crashed as crash:
                if leads or last_try:
                    raise crash.__cause__ or crash from None
            if shown:
                yield Restart("crashed")
                shown = False

    def _board(self, key: str, begin: Callable[[], Iterator[Event]]) -> tuple[Flight, bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None and flight.join():
                return flight, False
            flight = self._flights[key] = Flight(begin(), lambda ended: self._forget(key, ended))
            flight.join()
            return flight, True

    def _forget(self, key: str, flight: Flight) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
