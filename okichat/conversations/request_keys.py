"""What a form names its submission by, so that its repetition (double click, reload) is known as one."""

from __future__ import annotations

import secrets
import threading
from base64 import urlsafe_b64encode
from collections import OrderedDict, deque

KEY_CHARS = (16, 64)  # at least and at most, also of a client's own: long enough that nobody hits upon somebody else's
_KEY_BYTES, _KEYS_DRAWN = 12, 512
_MOST_REMEMBERED = 10_000


class RequestKeys:
    """Gives keys out, and knows its own again when they come back. Safe with threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._random: deque[bytes] = deque()
        self._unused: OrderedDict[str, None] = OrderedDict()

    def new(self) -> str:
        """The key of one form: 96 random bits."""
        try:
            bits = self._random.pop()
        except IndexError:  # asking the system costs as much for many as for one
            drawn = secrets.token_bytes(_KEY_BYTES * _KEYS_DRAWN)
            bits, *rest = (drawn[at : at + _KEY_BYTES] for at in range(0, len(drawn), _KEY_BYTES))
            self._random.extend(rest)
        key = urlsafe_b64encode(bits).decode()
        with self._lock:
            self._unused[key] = None
            if len(self._unused) > _MOST_REMEMBERED:
                self._unused.popitem(last=False)
        return key

    def comes_first(self, key: str | None) -> bool:
        """Whether a submission with this key repeats none for certain: it was given out here, and is back for the first time.

        The next time it is not. False where nobody knows, e.g. of a page that was open when the process began."""
        with self._lock:
            return key is not None and self._unused.pop(key, False) is None
