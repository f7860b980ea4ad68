"""What may wait for a transaction that comes anyway: nothing in the process can tell, and nothing is done twice or forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, select

from okichat.errors import StoreAway, StoreUnavailable
from okichat.storage.deeds import Deed, Deeds
from okichat.storage.engine import Store
from okichat.storage.tables import facts, turns
from tests.waiting import PATIENCE_S


class Note:
    """A deed that writes one row, and what was heard of it."""

    def __init__(self, name: str, value: str | None = "done") -> None:
        self._row = {"name": name, "value": value}
        self.heard: list[StoreUnavailable | None] = []
        self.deed = Deed(self._write, self.heard.append)

    def _write(self, connection: Connection) -> None:
        connection.execute(insert(facts), self._row)


def turn(id: str, conversation: str | None = "c") -> dict[str, object]:
    now = datetime.now(UTC)
    return {"id": id, "conversation": conversation, "asked_at": now, "language": "fr", "question": "?"}


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(facts.c.name).order_by(facts.c.name)))


@contextmanager
def commits_of(store: Store) -> Iterator[list[int]]:
    """The thread of each commit; for the ones of other threads, such as those that write rows later, nobody can say when."""
    seen: list[int] = []
    listen: Callable[[Connection], None] = lambda _connection: seen.append(threading.get_ident())  # noqa: E731
    event.listen(store.engine, "commit", listen)
    yield seen
    event.remove(store.engine, "commit", listen)


def test_it_is_done_at_once_while_nobody_gathers(store: Store, url: str) -> None:
    note = Note("a")
    store.do_soon(note.deed)

    assert note.heard == [None]
    with closing(Store(url)) as other:
        assert names(other) == ["a"]


def test_while_somebody_gathers_it_waits_for_the_next_reader(store: Store, url: str) -> None:
    note = Note("a")
    with closing(Store(url)) as other, store.gathering():
        store.do_soon(note.deed)
        assert (note.heard, names(other)) == ([], [])
        assert names(store) == ["a"]
    assert note.heard == [None]


def test_at_the_end_of_the_gathering_nothing_waits(store: Store, url: str) -> None:
    with store.gathering():
        store.do_soon(Note("a").deed)
    with closing(Store(url)) as other:
        assert names(other) == ["a"]


def test_it_shares_the_transaction_of_rows_that_are_written(store: Store) -> None:
    notes = [Note("a"), Note("b")]
    with store.gathering(), commits_of(store) as commits:
        for note in notes:
            store.do_soon(note.deed)
        store.put_later(turns, "t", turn("t"))
        store.write_now()
        assert commits.count(threading.get_ident()) <= 1

    assert [note.heard for note in notes] == [[None], [None]]
    assert names(store) == ["a", "b"]
    assert store.holds(turns, "t")


def test_whoever_gathered_it_waits_until_the_transaction_that_took_it_along_is_over(store: Store) -> None:
    note, taken, may_end = Note("a"), threading.Event(), threading.Event()
    heard: list[StoreUnavailable | None] = []

    def gather() -> None:
        with store.gathering():
            store.do_soon(note.deed)
            other.start()
            assert taken.wait(PATIENCE_S)
        heard.extend(note.heard)

    def take_along() -> None:
        with store._deeds.aboard(store._begin_write):
            taken.set()
            may_end.wait(PATIENCE_S)

    gatherer, other = threading.Thread(target=gather), threading.Thread(target=take_along)
    gatherer.start()
    assert taken.wait(PATIENCE_S)
    gatherer.join(0.2)  # time enough to go on, if it did not wait
    may_end.set()
    gatherer.join()
    other.join()

    assert heard == [None]


def test_a_row_that_the_store_does_not_take_does_not_take_it_along(store: Store) -> None:
    lost: list[StoreUnavailable] = []
    store.tell_losses(lost.append)
    note = Note("a")
    with store.gathering():
        store.do_soon(note.deed)
        store.put_later(turns, "t", turn("t", conversation=None))
        store.write_now()
        assert names(store) == ["a"]

    assert (note.heard, len(lost)) == ([None], 1)


def test_one_that_cannot_be_done_hears_it_and_does_not_take_the_others_along(store: Store) -> None:
    good, bad, last = Note("a"), Note("b", value=None), Note("c")
    with store.gathering():
        for note in (good, bad, last):
            store.do_soon(note.deed)

    assert names(store) == ["a", "c"]
    assert (good.heard, last.heard) == ([None], [None])
    assert [type(error) for error in bad.heard] == [StoreUnavailable]


def test_a_store_that_is_away_is_asked_once_and_then_says_so(tmp_path: Path) -> None:
    away = Store(f"sqlite:///{tmp_path}/no-tables.db")
    notes = [Note("a"), Note("b")]
    with away.gathering():
        for note in notes:
            away.do_soon(note.deed)

    assert [[type(error) for error in note.heard] for note in notes] == [[StoreAway], [StoreAway]]
    away.close()


def test_all_who_wait_for_a_store_that_is_away_hear_it_after_one_wait() -> None:
    waits: list[str] = []

    def begin() -> AbstractContextManager[Connection]:
        waits.append("waited")
        raise StoreAway("away")

    deeds, notes = Deeds(begin, together=True), [Note("a"), Note("b"), Note("c")]
    with deeds.gathering():
        for note in notes:
            deeds.add(note.deed)

    assert [[type(error) for error in note.heard] for note in notes] == [[StoreAway]] * 3
    assert waits == ["waited"]


@pytest.mark.parametrize(("together", "transactions"), [(True, 1), (False, 3)])
def test_where_others_write_at_the_same_time_each_has_a_transaction_of_its_own(
    store: Store, together: bool, transactions: int
) -> None:
    begun: list[str] = []

    @contextmanager
    def begin() -> Iterator[Connection]:
        begun.append("begun")
        with store.write() as connection:
            yield connection

    deeds = Deeds(begin, together=together)
    with deeds.gathering():
        for name in ("a", "b", "c"):
            deeds.add(Note(name).deed)

    assert names(store) == ["a", "b", "c"]
    assert len(begun) == transactions


def test_many_threads_have_each_done_once_before_they_read(store: Store) -> None:
    missing: list[str] = []

    def work(thread: int) -> None:
        for number in range(15):
            name = f"{thread}-{number}"
            with store.gathering():
                store.do_soon(Note(name).deed)
                store.put_later(turns, name, turn(name))
                if name not in names(store):
                    missing.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert missing == []
    assert len(names(store)) == 90
