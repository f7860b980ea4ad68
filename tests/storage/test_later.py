"""Rows that are written a moment later: nothing in the process can tell, and an orderly end loses none."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

from sqlalchemy import func, select, update

from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.later import Row
from okichat.storage.tables import turns

ENDS_AT_ONCE = """
import sys
from datetime import UTC, datetime
from okichat.storage.engine import Store
from okichat.storage.tables import turns
now = datetime.now(UTC)
row = {"id": "a", "conversation": "c", "asked_at": now, "language": "fr", "question": "Vos tarifs ?"}
Store(sys.argv[1]).put_later(turns, "a", row)
"""


def row(id: str, **others: object) -> Row:
    return {"id": id, "conversation": "c", "asked_at": datetime.now(UTC), "language": "fr", "question": "?", **others}


def ids(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(turns.c.id).order_by(turns.c.id)).scalars())


def test_what_is_read_next_sees_it(store: Store) -> None:
    store.put_later(turns, "a", row("a"))

    assert store.holds(turns, "a")
    assert not store.holds(turns, "b")
    assert ids(store) == ["a"]
    assert store.holds(turns, "a")


def test_what_is_written_next_finds_it(store: Store) -> None:
    store.put_later(turns, "a", row("a"))

    with store.write() as connection:
        assert connection.execute(update(turns).values(feedback="up")).rowcount == 1


def test_another_process_sees_it_a_moment_later(store: Store, url: str) -> None:
    other = Store(url)
    store.put_later(turns, "a", row("a"))
    until_s = time.monotonic() + 10
    while not (found := ids(other)) and time.monotonic() < until_s:
        time.sleep(0.02)
    other.close()

    assert found == ["a"]


def test_it_takes_the_place_of_the_row_with_its_key(store: Store) -> None:
    for question in ("first", "second"):
        store.put_later(turns, "a", row("a", question=question))
        assert ids(store) == ["a"]

    with store.read() as connection:
        assert connection.execute(select(turns.c.question)).scalar_one() == "second"


def test_many_threads_lose_none(store: Store) -> None:
    def put(thread: int) -> None:
        for number in range(50):
            store.put_later(turns, f"{thread}-{number}", row(f"{thread}-{number}"))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(turns)).scalar_one() == 400


def test_a_process_that_ends_writes_it_first(store: Store, url: str) -> None:
    subprocess.run([sys.executable, "-c", ENDS_AT_ONCE, url], check=True, timeout=60)

    assert ids(store) == ["a"]


def test_a_read_within_a_write_does_not_wait_for_itself(store: Store) -> None:
    with store.write():
        store.put_later(turns, "a", row("a"))
        assert ids(store) == []

    assert ids(store) == ["a"]


def test_a_store_that_does_not_take_it_is_told(store: Store) -> None:
    lost: list[StoreUnavailable] = []
    store.tell_losses(lost.append)
    store.put_later(turns, "a", row("a", conversation=None))
    store.write_now()

    assert len(lost) == 1
    assert ids(store) == []
