"""The same question paid once: given again from the cache, or shared while it is being answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing

from okichat.answer import Answer, Delta, Event, closable
from okichat.cache.answers import AnswerCache
from okichat.cache.flight import Flights
from okichat.cache.keys import Keys
from okichat.cache.lease import Lease, Leases
from okichat.question import Question

_POLL_S = 0.1
_POLLS_A_HEARTBEAT = 3

Ask = Callable[[Question], Iterator[Event]]


class SharedAnswers:
    """Stands before search and sources for questions that more than one visitor may ask."""

    def __init__(
        self,
        keys: Keys,
        cache: AnswerCache,
        leases: Leases | None,
        *,
        is_paid: Callable[[], bool],
        patience_s: float,
    ) -> None:
        """`is_paid`: whether an answer would cost money now; only then is it worth waiting for somebody else's.

        `leases`: who asks for what, over all processes; None where only this one can be asked.
        `patience_s`: how long to wait for another process; well below the deadline, so that there is time to ask all the same."""
        self._keys = keys
        self._cache = cache
        self._leases = leases
        self._is_paid = is_paid
        self._patience_s = patience_s
        self._flights = Flights()

    def answer(self, question: Question, ask: Ask) -> Iterator[Event]:
        """A prepared answer at once, else the events of `ask`, which runs once for all who ask the same meanwhile."""
        key = self._keys.key(question)
        if key is None:
            return ask(question)
        if prepared := self._cache.remembered(key):
            return iter((prepared,))
        if self._is_paid() and not question.suspicious:  # whoever waits for a suspicious one would get no better answer
            return self._flights.share(key, lambda: self._lead(key, question, ask))
        prepared = self._cache.find(key)
        return iter((prepared,)) if prepared else ask(question)

    def _lead(self, key: str, question: Question, ask: Ask) -> Iterator[Event]:
        started = time.monotonic()
        if prepared := self._cache.find(key):
            yield prepared
            return
        lease = Lease(self._leases, key)
        try:
            for found in self._others_answer(key, lease):
                yield found or Delta("")
                if found:
                    return
            with closing(closable(ask(question.after_waiting(time.monotonic() - started)))) as events:
                for event in events:
                    lease.hold()
                    if isinstance(event, Answer):
                        self._cache.keep(key, event, question.language)
                    yield event
        finally:
            lease.end()

    def _others_answer(self, key: str, lease: Lease) -> Iterator[Answer | None]:
        """None while another process is at it, then its answer; ends without one when this process has to ask."""
        until_s = time.monotonic() + self._patience_s
        polls = 0
        while not lease.take():
            if time.monotonic() >= until_s or not self._is_paid():
                return
            polls += 1
            if polls % _POLLS_A_HEARTBEAT == 0:
                yield None
            time.sleep(_POLL_S)
            if prepared := self._cache.find(key):
                yield prepared
                return
        if self._leases is not None and (prepared := self._cache.find(key)):  # the other one has just finished
            yield prepared
