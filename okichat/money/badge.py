"""Whether the next call would probably be paid: asked for every question, so looked up no oftener than it can change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from okichat.clock import Clock
from okichat.errors import StoreUnavailable

_LIFETIME = timedelta(seconds=1)
_LIFETIME_AWAY = timedelta(seconds=10)  # a database that does not answer takes seconds to say so


class Badge:
    """What was found out last; up to a second old. Safe with threads."""

    def __init__(self, clock: Clock, look: Callable[[], bool]) -> None:
        """`look` finds out; it may raise StoreUnavailable."""
        self._clock = clock
        self._look = look
        self._known: tuple[datetime, bool] | None = None  # until when, what

    def can_spend(self) -> bool:
        """Whether there is money for a call. Raises nothing."""
        now, known = self._clock.now(), self._known
        if known is not None and now < known[0] <= now + _LIFETIME_AWAY:
            return known[1]
        if known is not None:
            self._known = (now + _LIFETIME_AWAY, known[1])  # others need not wait while this one looks
        try:
            can, lifetime = self._look(), _LIFETIME
        except StoreUnavailable:
            can, lifetime = False, _LIFETIME_AWAY
        self._known = (now + lifetime, can)
        return can

    def learn(self, can_spend: bool) -> None:
        """A transaction has just shown it."""
        self._known = (self._clock.now() + _LIFETIME, can_spend)

    def forget(self) -> None:
        """Anything may have changed."""
        self._known = None

    def gained(self) -> None:
        """There is at least as much money as before: only a no may be wrong."""
        if self._known is not None and not self._known[1]:
            self._known = None
