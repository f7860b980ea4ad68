"""What was found out about a text, for when the same text comes again. The texts themselves are not kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recall(Generic[T]):
    """Remembers findings by a digest of the text, which means nothing outside of this process. Safe with threads."""

    def __init__(self, *, most: int = 1000) -> None:
        """`most` findings are remembered."""
        self._most = most
        self._key = secrets.token_bytes(16)
        self._found: dict[tuple[Hashable, ...], T] = {}

    def of(self, text: str, find: Callable[[], T], *circumstances: Hashable) -> T:
        """What `find` gives, now or when the same text came before in the same circumstances."""
        key = (hashlib.blake2b(text.encode(), digest_size=16, key=self._key).digest(), *circumstances)
        try:
            return self._found[key]
        except KeyError:
            found = find()
        if len(self._found) >= self._most:
            self._found.clear()  # as good as anything finer: what comes often is soon there again
        self._found[key] = found
        return found
