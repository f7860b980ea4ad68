"""What was refused or is suspicious, noted by anonymous visitor: never a text, an address or a key.

Nobody waits for it, and a flood of refusals is no flood of rows: see SecurityLog."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from okichat.clock import Clock
from okichat.guard.admission import INJECTION, OTHER_WORK, PERSONAL_DATA
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import security_events

RATE_LIMIT, SPAM, CROSS_SITE, SIGN_IN, REFUSAL = "rate_limit", "spam", "cross_site", "sign_in", "refusal"
KINDS = (RATE_LIMIT, SPAM, INJECTION, CROSS_SITE, SIGN_IN, REFUSAL, PERSONAL_DATA)
_MOST_ROWS_A_MINUTE = 60
_WRITTEN_AT_ONCE = 20  # so many times a minute; what comes after is written with the next round
_KIND_OF_CODE = {
    "too_many": RATE_LIMIT,
    "daily_limit": RATE_LIMIT,
    "cross_site": CROSS_SITE,
    "spam": SPAM,
    "trap": SPAM,
}

_What = tuple[str, str | None, str | None]


def kind_of_refusal(code: str) -> str:
    """Under which of KINDS a refusal with that public code is counted."""
    return _KIND_OF_CODE.get(code, REFUSAL)


@dataclass(slots=True)
class _Noted:
    at: datetime
    times: int = 0
    written: int = 0
    id: str = field(default_factory=lambda: secrets.token_hex(16))


class SecurityLog:
    """Counts by kind, visitor and detail, a row for each and minute. Safe with many threads; never raises.

    Beyond 60 different ones a minute only the kind is counted, so that a process writes some 70 rows a minute at most."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._minute: datetime | None = None
        self._noted: dict[_What, _Noted] = {}
        self._act: Callable[[], object] | None = None

    def note(self, kind: str, visitor: str | None, detail: str | None = None) -> None:
        """Something of KINDS has happened. `visitor` is an anonymous name (guard/visitors.py), `detail` a stable word."""
        now = self._clock.now()
        with self._lock:
            minute = now.replace(second=0, microsecond=0)
            if minute != self._minute:
                self._put_rest()
                self._minute, self._noted = minute, {}
            what = (kind, visitor or None, detail)
            if what not in self._noted and len(self._noted) >= _MOST_ROWS_A_MINUTE:
                what = (kind, None, None)
            noted = self._noted.setdefault(what, _Noted(now))
            noted.times += 1
            if noted.times <= _WRITTEN_AT_ONCE:
                self._put(what, noted)
        if kind != PERSONAL_DATA and self._act:
            self._act()

    def note_question(self, question: Question) -> None:
        """What the guard has noticed about a question that it let in."""
        for flag in question.flags:
            if flag in (INJECTION, PERSONAL_DATA):
                self.note(flag, question.visitor)
            elif flag != OTHER_WORK:  # a wish for a poem harms nobody
                self.note(SPAM, question.visitor, flag)

    def put_counts(self) -> None:
        """Write what was only counted so far."""
        with self._lock:
            self._put_rest()

    def on_news(self, act: Callable[[], object]) -> None:
        """Call `act`, which must be quick, after each note that may belong to an attack."""
        self._act = act

    def _put_rest(self) -> None:
        for what, noted in self._noted.items():
            if noted.written < noted.times:
                self._put(what, noted)

    def _put(self, what: _What, noted: _Noted) -> None:
        kind, visitor, detail = what
        noted.written = noted.times
        row = {"id": noted.id, "at": noted.at, "kind": kind, "visitor": visitor, "detail": detail}
        self._store.put_later(security_events, noted.id, {**row, "times": noted.times})
