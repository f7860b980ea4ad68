"""What goes into an archive: one moment of the database, also while it is used."""

from __future__ import annotations

import io

from sqlalchemy import insert

from okichat.settings import Settings
from okichat.storage.backup import write_backup
from okichat.storage.engine import Store
from okichat.storage.tables import audit, turns
from tests.doubles.clock import StoppedClock
from tests.money.conftest import store

__all__ = ["store"]


def test_what_is_written_while_a_backup_is_made_is_in_the_next_one(store: Store, clock: StoppedClock) -> None:
    with store.write() as connection:
        connection.execute(insert(audit), {"at": clock.now(), "action": "export", "subject": "x", "way": "page"})
    turn = {"id": "a" * 32, "conversation": "c", "asked_at": clock.now(), "language": "fr", "question": "Vos tarifs ?"}
    written: list[int] = []

    def somebody_asks(rows: int) -> None:
        if rows and not written:  # the first table with rows has been read, that of the turns not yet
            with store.write() as connection:
                connection.execute(insert(turns), turn)
            written.append(rows)

    first = write_backup(io.BytesIO(), store, Settings(), clock.now(), somebody_asks)
    second = write_backup(io.BytesIO(), store, Settings(), clock.now(), lambda _rows: None)

    rows = [{part.table: part.rows for part in manifest.parts} for manifest in (first, second)]
    assert written == [1]
    assert [each["turns"] for each in rows] == [0, 1]
