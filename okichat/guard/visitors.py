"""Anonymous names of visitors: enough to see that two questions of a day came from one place, and no more."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from okichat.clock import Clock

_MOST_REMEMBERED = 1000


class Visitors:
    """Names addresses. The key of the names is derived anew each day (UTC), so that no name can be followed over midnight."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._of_day: tuple[date, bytes, dict[str, str]] | None = None

    def name(self, address: str) -> str:
        """16 hexadecimal characters: the same for the same address on the same day, in every process of one SECRET_KEY."""
        key, names = self._today()
        name = names.get(address)
        if name is None:
            if len(names) >= _MOST_REMEMBERED:
                names.clear()
            name = names[address] = hmac.digest(key, address.encode(), "sha256").hex()[:16]
        return name

    def _today(self) -> tuple[bytes, dict[str, str]]:
        """The key, and the names that it has given so far."""
        today = self._clock.now().date()
        of_day = self._of_day
        if of_day is None or of_day[0] != today:
            key = hashlib.sha256(b"visitors of " + today.isoformat().encode() + self._secret).digest()
            of_day = self._of_day = (today, key, {})
        return of_day[1:]
