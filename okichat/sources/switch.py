"""The switch that turns GPT off at once, for every process on the store, without a restart."""

from __future__ import annotations

from datetime import datetime, timedelta

from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.monitoring.audit import Audit
from okichat.monitoring.journal import Journal
from okichat.storage.engine import Store
from okichat.storage.facts import Facts

_FACT, _OFF = "gpt_switch", "off"
_LOOK_EVERY = timedelta(seconds=1)


class Switch:
    """On unless somebody has turned it off: by OKICHAT_KILL_SWITCH at start, or since, in the store. Safe with threads."""

    def __init__(self, store: Store, clock: Clock, journal: Journal, *, off_by_setting: bool) -> None:
        self.off_by_setting = off_by_setting
        self._facts = Facts(store)
        self._audit = Audit(store, clock)
        self._journal = journal
        self._clock = clock
        self._off = off_by_setting
        self._looked_at: datetime | None = None

    def is_off(self) -> bool:
        """Whether GPT may not be asked; at most a second old. While the store is away, what was known last."""
        if self.off_by_setting:
            return True
        now, looked_at = self._clock.now(), self._looked_at
        if looked_at is not None:
            if timedelta() <= now - looked_at < _LOOK_EVERY:
                return self._off
            self._looked_at = now  # the others need not wait while this one looks; but at first nobody knows anything
        try:
            self._off = self._facts.read(_FACT) == _OFF
        except StoreUnavailable:
            return self._off
        self._looked_at = now
        return self._off

    def turn(self, *, off: bool, way: str) -> None:
        """Turn GPT off or on; calls under way may end. `way` as in monitoring/audit.py. Raises StoreUnavailable."""
        if off:
            self._facts.write(_FACT, _OFF)
        else:
            self._facts.forget([_FACT])
        self._off, self._looked_at = off, self._clock.now()
        action = "gpt_off" if off else "gpt_on"
        self._journal.event(action, way=way)
        self._audit.note(action, "gpt", way)
