"""Forgets what visitors wrote once it is old enough; the figures stay."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, update

from okichat.clock import Clock
from okichat.contact.messages import Messages
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, turns


class Retention:
    """Erases the words of conversations, and delivered messages, after some days. Safe in several processes."""

    def __init__(self, store: Store, messages: Messages, clock: Clock, days: int) -> None:
        self._store = store
        self._messages = messages
        self._clock = clock
        self._kept_for = timedelta(days=days)

    def purge(self) -> int:
        """Erase what is due; how many questions and messages that were. Raises StoreUnavailable."""
        oldest_kept = self._clock.now() - self._kept_for
        due = (turns.c.asked_at < oldest_kept, or_(turns.c.question.is_not(None), turns.c.answer.is_not(None)))
        with self._store.write() as connection:
            erased: int = connection.execute(update(turns).where(*due).values(WITHOUT_WORDS)).rowcount
        return erased + self._messages.erase_before(oldest_kept)
