from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from okichat.contact.message import Message
from okichat.contact.messages import Messages, is_reference, retry_after_s
from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock

HELLO = Message("Rappelez-moi.", email="camille@exemple.fr", name="Camille")


def test_a_message_is_kept_under_a_reference_that_people_can_read_out(messages: Messages) -> None:
    reference = messages.keep(HELLO)

    [kept] = messages.newest(10)
    assert is_reference(reference)
    assert (kept.reference, kept.message, kept.state) == (reference, HELLO, "new")


def test_the_conversation_is_kept_with_consent_only(messages: Messages) -> None:
    messages.keep(HELLO, "c1")
    messages.keep(Message("Et ceci.", phone="0612345678", with_conversation=True), "c2")

    assert {kept.conversation for kept in messages.newest(10)} == {None, "c2"}


def test_sending_twice_is_one_message_until_the_next_day(messages: Messages, clock: StoppedClock) -> None:
    first = messages.keep(HELLO)
    clock.forward(hours=1)
    again = messages.keep(HELLO)
    clock.forward(days=1)
    reminder = messages.keep(HELLO)

    assert first == again != reminder
    assert messages.counts() == {"new": 2, "delivered": 0, "answered": 0}


def test_two_people_with_the_same_words_are_two_messages(messages: Messages) -> None:
    assert messages.keep(HELLO) != messages.keep(Message("Rappelez-moi.", email="dominique@exemple.fr"))


def test_a_message_is_claimed_once_until_its_next_try(messages: Messages, clock: StoppedClock) -> None:
    reference = messages.keep(HELLO)

    first, second = messages.claim(), messages.claim()
    clock.forward(seconds=retry_after_s(1))
    third = messages.claim()

    assert first is not None
    assert second is None
    assert third is not None
    assert [(kept.reference, kept.tries) for kept in (first, third)] == [(reference, 1), (reference, 2)]


def test_many_processes_share_the_messages_without_taking_one_twice(
    tmp_path: Path, messages: Messages, clock: StoppedClock
) -> None:
    expected = {messages.keep(Message(f"Message {number}", phone="0612345678")) for number in range(12)}
    taken: list[str] = []

    def work() -> None:
        with closing(Store(f"sqlite:///{tmp_path / 'okichat.db'}")) as store:
            own = Messages(store, clock)
            while kept := own.claim():
                taken.append(kept.reference)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(taken) == sorted(expected)


def test_tries_become_rarer_and_never_stop() -> None:
    assert [retry_after_s(tries) for tries in (1, 2, 3, 6, 5000)] == [120, 240, 480, 3600, 3600]


def test_what_was_delivered_is_not_claimed_again_and_can_be_answered(messages: Messages, clock: StoppedClock) -> None:
    reference = messages.keep(HELLO)
    messages.claim()
    messages.delivered(reference, "mail")
    clock.forward(days=2)

    [kept] = messages.newest(1)
    assert messages.claim() is None
    assert (kept.state, kept.channel) == ("delivered", "mail")
    assert kept.delivered_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert messages.answered(reference) is True
    assert messages.counts()["answered"] == 1


def test_an_answer_given_before_the_delivery_is_not_undone_by_it(messages: Messages) -> None:
    reference = messages.keep(HELLO)
    messages.claim()
    messages.answered(reference)
    messages.delivered(reference, "webhook")

    assert messages.newest(1)[0].state == "answered"


def test_old_messages_are_erased_unless_nobody_has_had_them_yet(messages: Messages, clock: StoppedClock) -> None:
    messages.delivered(messages.keep(HELLO), "mail")
    waiting = messages.keep(Message("En attente", phone="0612345678"))
    clock.forward(days=31)
    fresh = messages.keep(HELLO)
    messages.delivered(fresh, "mail")

    assert messages.erase_before(clock.now() - timedelta(days=30)) == 1
    assert {kept.reference for kept in messages.newest(10)} == {waiting, fresh}


def test_an_erased_conversation_leaves_the_message_without_it(messages: Messages) -> None:
    messages.keep(Message("Bonjour", phone="0612345678", with_conversation=True), "c1")

    assert messages.forget_conversation("c1") == 1
    assert [(kept.message.text, kept.conversation) for kept in messages.newest(1)] == [("Bonjour", None)]


def test_a_database_that_is_away_says_so(tmp_path: Path, clock: StoppedClock) -> None:
    missing = Messages(Store(f"sqlite:///{tmp_path}"), clock)

    with pytest.raises(StoreUnavailable):
        missing.keep(HELLO)


@pytest.mark.parametrize("text", ["", "ABCDEFG", "ABCDEFG1", "abcdefgh", "ABCDEFGHI", "ABCDEFGH\n"])
def test_what_cannot_be_a_reference_is_none(text: str) -> None:
    assert not is_reference(text)
