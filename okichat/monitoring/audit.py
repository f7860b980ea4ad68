"""What a human has exported, erased or switched, and by which way: rows that are only ever added to."""

from __future__ import annotations

from sqlalchemy import insert

from okichat.clock import Clock
from okichat.storage.engine import Store
from okichat.storage.tables import audit

PAGE, DASHBOARD, COMMAND = "page", "dashboard", "command"


class Audit:
    """Writes the trail. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(self, action: str, subject: str, way: str) -> None:
        """One act: `action` is a stable word, `subject` a reference and never a text, `way` one of PAGE, DASHBOARD, COMMAND."""
        row = {"at": self._clock.now(), "action": action, "subject": subject, "way": way}
        with self._store.write(durable=True) as connection:
            connection.execute(insert(audit), row)
