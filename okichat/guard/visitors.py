"""Anonymous names of visitors: enough to see that two questions of a day came from one place, and no more."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from okichat.clock import Clock


class Visitors:
    """Names addresses. The key of the names is derived anew each day (UTC), so that no name can be followed over midnight."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._of_day: tuple[date, bytes] | None = None

    def name(self, address: str) -> str:
        """16 hexadecimal characters: the same for the same address on the same day, in every process of one SECRET_KEY."""
        return hmac.digest(self._key(), address.encode(), "sha256").hex()[:16]

    def _key(self) -> bytes:
        today = self._clock.now().date()
        if self._of_day is None or self._of_day[0] != today:
            key = hashlib.sha256(b"visitors of " + today.isoformat().encode() + self._secret).digest()
            self._of_day = (today, key)
        return self._of_day[1]
