"""Postgres goes on to the next version while the version before it still serves, as in every release phase."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import MetaData, Table, func, insert, select, text, update

from okichat.errors import StoreUnavailable
from okichat.storage import schema
from okichat.storage.engine import Store
from tests.servers import PostgresServer
from tests.waiting import wait_until

pytestmark = pytest.mark.deploy

_WRITERS = 4
_EACH_AT_LEAST = 5


@pytest.fixture
def store(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A Postgres with the tables of the version before. On a busy machine a migration may take longer than a visitor waits."""
    monkeypatch.setattr("okichat.storage.engine._bound_waits", lambda _connection, _record: None)
    opened = Store(postgres.new_database("version_before"))
    with schema.locked(opened) as connection:
        schema.upgrade(connection, schema.REVISIONS[-2])
    yield opened
    opened.close()


class OldVersion:
    """What the version before writes at every question: rows that name the columns it knows, and no others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.read() as connection:
            self.turns = Table("turns", MetaData(), autoload_with=connection)
        self.written = [0] * _WRITERS
        self.failures: list[StoreUnavailable] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._serve, args=(number,)) for number in range(_WRITERS)]

    def __enter__(self) -> OldVersion:
        for thread in self._threads:
            thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        """Until each writer has written some more rows."""
        wanted = [count + _EACH_AT_LEAST for count in self.written]

        def wrote() -> bool:
            assert self.failures == []
            return all(now >= then for now, then in zip(self.written, wanted, strict=True))

        wait_until(wrote, "the version before writes on", within_s=60)

    def _serve(self, writer: int) -> None:
        while not self._stop.is_set():
            id = f"{writer}-{self.written[writer]}"
            now = datetime.now(UTC)
            question = {"id": id, "conversation": "c", "asked_at": now, "language": "fr", "question": "Bonjour"}
            try:
                with self._store.write() as connection:
                    connection.execute(insert(self.turns), question)
                with self._store.write() as connection:
                    answered = update(self.turns).where(self.turns.c.id == id)
                    connection.execute(
                        answered, {"answered_at": now, "answer": "Bonjour.", "answered_by": "small_talk"}
                    )
                with self._store.read() as connection:
                    connection.execute(select(self.turns).where(self.turns.c.id == id)).one()
            except StoreUnavailable as failure:
                self.failures.append(failure)
                return
            self.written[writer] += 1


def test_the_version_before_serves_on_while_its_database_is_migrated_and_afterwards(store: Store) -> None:
    with OldVersion(store) as old:
        schema.migrate(store)
        old.wait_for_more()

    with store.read() as connection:
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
        answered = connection.scalar(select(func.count()).select_from(old.turns).where(old.turns.c.answer.is_not(None)))
        columns = set(Table("turns", MetaData(), autoload_with=connection).columns.keys())
    assert old.failures == []
    assert version == schema.HEAD
    assert answered == sum(old.written)
    assert columns > set(old.turns.columns.keys())
