"""Rows that are written a moment later: nothing in the process can tell, and an orderly end loses none."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, update

from okichat.errors import StoreAway, StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.later import Later, Row
from okichat.storage.tables import turns
from tests.waiting import wait_until

ENDS_AT_ONCE = """
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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

    wait_until(lambda: ids(other) == ["a"], "another process sees the row")
    other.close()


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


def test_while_the_store_is_away_the_newest_rows_are_kept_and_no_more_than_a_process_can_hold() -> None:
    lost: list[StoreUnavailable] = []

    def begin() -> AbstractContextManager[Connection]:
        raise StoreAway("away")

    later = Later(begin)
    later.after_loss = lost.append
    for number in range(2100):
        later.put(turns, str(number), row(str(number)))
    later.write()

    assert [later.holds(turns, key) for key in ("0", "99", "100", "2099")] == [False, False, True, True]
    assert {type(error) for error in lost} == {StoreAway}
    wait_until(lambda: not later._has_thread, "nobody tries again and again meanwhile")


def test_a_row_that_is_just_being_written_is_there(store: Store) -> None:
    seen: list[bool] = []

    @contextmanager
    def begin() -> Iterator[Connection]:
        with store.write() as connection:
            seen.append(later.holds(turns, "a"))
            yield connection

    later = Later(begin)
    later.put(turns, "a", row("a"))
    later.write()

    assert seen == [True]
    assert not later.holds(turns, "a")
    assert ids(store) == ["a"]
