"""What several processes share in a real Redis: answers that it forgets by itself, and the right to ask the model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from okichat.cache import lease as leases
from okichat.cache.lease import Lease
from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shelf import Kept
from okichat.monitoring.journal import Journal
from tests.doubles.clock import StoppedClock
from tests.servers import RedisServer


@pytest.fixture
def shelves(
    redis: RedisServer, clock: StoppedClock, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> tuple[RedisShelf, RedisShelf]:
    """Those of two processes. No lease runs out because the machine is busy."""
    monkeypatch.setattr("okichat.cache.redis_shelf._LEASE_MS", 600_000)
    return RedisShelf(redis.url, clock, journal), RedisShelf(redis.url, clock, journal)


@pytest.fixture
def by_hand(redis: RedisServer) -> Iterator[Any]:
    """A client that may do everything."""
    import redis as package

    with package.Redis.from_url(redis.url, decode_responses=True) as client:
        yield client


def _only_key(by_hand: Any, of: str) -> str:
    [key] = [key for key in by_hand.keys("*") if of in key]
    return str(key)


def test_redis_forgets_an_answer_by_itself_when_its_time_is_over(
    shelves: tuple[RedisShelf, RedisShelf], by_hand: Any, clock: StoppedClock
) -> None:
    shelves[0].write("key", Kept("{}", clock.now() + timedelta(seconds=600)))

    assert 0 < by_hand.ttl(_only_key(by_hand, "answer:key")) <= 600


def test_only_one_process_may_ask_until_it_has_finished(shelves: tuple[RedisShelf, RedisShelf]) -> None:
    first, second = shelves

    assert (first.take("key"), second.take("key"), second.take("other")) == (True, False, True)
    first.end("key")
    assert second.take("key")


def test_a_process_whose_lease_has_run_out_neither_ends_nor_prolongs_that_of_another(
    shelves: tuple[RedisShelf, RedisShelf], by_hand: Any
) -> None:
    late, now = shelves
    assert late.take("key")
    by_hand.delete(_only_key(by_hand, "lead:key"))
    assert now.take("key")
    by_hand.pexpire(_only_key(by_hand, "lead:key"), 60_000)

    late.prolong("key")
    late.end("key")

    assert 0 < by_hand.pttl(_only_key(by_hand, "lead:key")) <= 60_000


def test_the_processes_of_one_fork_are_told_apart(
    shelves: tuple[RedisShelf, RedisShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, other = shelves
    assert parent.take("key")

    with monkeypatch.context() as child:
        child.setattr("os.getpid", lambda: -1)
        parent.end("key")

    assert not other.take("key")


def test_a_sign_of_life_keeps_the_lease(
    shelves: tuple[RedisShelf, RedisShelf], by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_HOLD_EVERY_S", 0.0)
    lease = Lease(shelves[0], "key")
    assert lease.take()
    by_hand.pexpire(_only_key(by_hand, "lead:key"), 200_000)

    lease.hold()

    assert by_hand.pttl(_only_key(by_hand, "lead:key")) > 200_000


def test_whoever_has_finished_lets_the_next_one_ask(shelves: tuple[RedisShelf, RedisShelf]) -> None:
    first, second = (Lease(shelf, "key") for shelf in shelves)
    assert first.take()
    assert not second.take()

    second.end()  # it never had it
    assert not second.take()
    first.end()

    assert second.take()


def test_of_many_processes_one_is_first(shelves: tuple[RedisShelf, RedisShelf]) -> None:
    assert [shelf.is_first("round", 60) for shelf in (*shelves, *shelves)] == [True, False, False, False]


def test_while_redis_is_away_everybody_is_first_and_may_ask(clock: StoppedClock, journal: Journal) -> None:
    away = RedisShelf("redis://127.0.0.1:1/0", clock, journal)

    assert away.is_first("round", 60)
    assert Lease(away, "key").take()
