from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from okichat.contact.message import Message
from okichat.contact.messages import Messages, retry_after_s
from okichat.storage.engine import Store
from okichat.storage.schema import migrate
from tests.doubles.clock import StoppedClock
from tests.servers import PostgresServer

WORKERS = 8


@pytest.fixture(scope="module")
def postgres_store(postgres: PostgresServer) -> Iterator[Store]:
    """With tables of its own: these tests leave messages behind."""
    store = Store(postgres.new_database("messages"))
    migrate(store)
    yield store
    store.close()


def test_a_form_sent_many_times_at_once_is_one_message(postgres_store: Store, clock: StoppedClock) -> None:
    messages = Messages(postgres_store, clock)

    for number in range(10):
        message = Message(f"Double clic {number}", phone="0612345678")
        with ThreadPoolExecutor(WORKERS) as visitors:
            references = set(visitors.map(messages.keep, [message] * WORKERS))
        assert len(references) == 1

    assert messages.counts()["new"] == 10


def test_many_processes_share_the_messages_without_taking_one_twice(postgres_store: Store, clock: StoppedClock) -> None:
    messages = Messages(postgres_store, clock)
    expected = {messages.keep(Message(f"Message {number}", phone="0612345678")) for number in range(12)}

    def take_all(_worker: int) -> list[str]:
        own: list[str] = []
        while kept := messages.claim():
            own.append(kept.reference)
        return own

    clock.forward(seconds=retry_after_s(1))
    with ThreadPoolExecutor(WORKERS) as workers:
        taken = [reference for own in workers.map(take_all, range(WORKERS)) for reference in own]

    assert expected <= set(taken)
    assert len(taken) == len(set(taken))
