"""Small facts that the app keeps for itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.tables import facts


class Facts:
    """Values by name. Methods raise StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, name: str) -> str | None:
        """The value kept under `name`, None if there is none."""
        with self._store.read() as connection:
            return connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()

    def starting_with(self, prefix: str) -> dict[str, str]:
        """All values whose name begins with `prefix`."""
        query = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
        with self._store.read() as connection:
            return {row.name: row.value for row in connection.execute(query)}

    def write(self, name: str, value: str) -> None:
        """Keep `value` under `name`, in the place of what was there."""
        with self._store.write() as connection:
            connection.execute(delete(facts).where(facts.c.name == name))
            connection.execute(insert(facts), {"name": name, "value": value})

    def forget(self, names: Sequence[str]) -> None:
        """Drop these, where they are there."""
        if names:
            with self._store.write() as connection:
                connection.execute(delete(facts).where(facts.c.name.in_(names)))

    def remember(self, name: str, value: str) -> str:
        """The value kept under `name`; `value` becomes it where there is none, and the first of two processes wins."""
        kept = self.read(name)
        if kept is not None:
            return kept
        try:
            with self._store.write() as connection:
                connection.execute(insert(facts), {"name": name, "value": value})
        except StoreUnavailable as unavailable:
            if not isinstance(unavailable.__cause__, IntegrityError):
                raise
            return self.read(name) or value
        return value
