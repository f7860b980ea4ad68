from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from okichat.contact.channels import Channel, Letter, Mail, Webhook
from okichat.contact.delivery import Delivery
from okichat.contact.letter import LetterWriter
from okichat.contact.message import Message
from okichat.contact.messages import KeptMessage, Messages
from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.webhook import WebhookHost
from tests.waiting import PATIENCE_S

SECRET = Message("Mon IBAN est FR76, rappelez-moi.", email="camille@exemple.fr", name="Camille")
OpenDelivery = Callable[..., Delivery]
Threads = Callable[[], list[threading.Thread]]


@pytest.fixture
def open_delivery(messages: Messages, letters: LetterWriter, clock: StoppedClock) -> Iterator[OpenDelivery]:
    opened: list[Delivery] = []

    def build(*channels: Channel) -> Delivery:
        opened.append(Delivery(messages, channels, letters, Journal(clock)))
        return opened[-1]

    yield build
    for delivery in opened:
        delivery.stop(PATIENCE_S)


@pytest.fixture
def threads() -> Threads:
    """The threads of deliveries that this test has started and that still run."""
    before = set(threading.enumerate())
    return lambda: [one for one in threading.enumerate() if one.name == "okichat-delivery" and one not in before]


@pytest.fixture
def mail(mail_host: MailHost) -> Mail:
    return Mail(f"smtp://127.0.0.1:{mail_host.port}", "cabinet@exemple.fr")


@pytest.fixture
def webhook(webhook_host: WebhookHost) -> Webhook:
    return Webhook(webhook_host.url)


def test_a_mail_host_that_is_away_leaves_the_message_to_the_webhook(
    open_delivery: OpenDelivery,
    messages: Messages,
    mail: Mail,
    mail_host: MailHost,
    webhook: Webhook,
    webhook_host: WebhookHost,
) -> None:
    mail_host.refusal = "451 later"
    messages.keep(SECRET)

    open_delivery(mail, webhook).deliver_due()

    assert len(webhook_host.posts) == 1
    assert messages.newest(1)[0].channel == "webhook"


def test_a_message_is_tried_again_until_the_host_is_back(
    open_delivery: OpenDelivery, messages: Messages, clock: StoppedClock, webhook: Webhook, webhook_host: WebhookHost
) -> None:
    webhook_host.statuses = [503, 500]
    messages.keep(SECRET)
    delivery = open_delivery(webhook)

    assert [delivery.deliver_due(), delivery.deliver_due()] == [0, 0]
    clock.forward(seconds=119)
    assert (delivery.deliver_due(), len(webhook_host.paths)) == (0, 1)  # not before its time
    clock.forward(seconds=1)
    assert (delivery.deliver_due(), len(webhook_host.paths)) == (0, 2)
    clock.forward(seconds=240)
    assert (delivery.deliver_due(), len(webhook_host.posts)) == (1, 1)
    clock.forward(days=9)
    assert (delivery.deliver_due(), len(webhook_host.posts)) == (0, 1)


def test_a_mail_sent_again_is_the_same_mail(
    open_delivery: OpenDelivery,
    messages: Messages,
    clock: StoppedClock,
    mail: Mail,
    mail_host: MailHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(_reference: str, _channel: str) -> None:
        raise StoreUnavailable("gone")

    messages.keep(SECRET)
    with monkeypatch.context() as broken:
        broken.setattr(messages, "delivered", lost)
        with pytest.raises(StoreUnavailable):
            open_delivery(mail).deliver_due()
    clock.forward(minutes=2)
    open_delivery(mail).deliver_due()

    first, second = mail_host.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_the_log_has_no_word_of_the_visitor_and_no_address_of_the_host(
    open_delivery: OpenDelivery,
    messages: Messages,
    webhook: Webhook,
    webhook_host: WebhookHost,
    caplog: pytest.LogCaptureFixture,
) -> None:
    webhook_host.statuses = [500]
    reference = messages.keep(SECRET)

    with caplog.at_level(logging.DEBUG):
        open_delivery(Mail("smtp://user:secret@127.0.0.1:1", "cabinet@exemple.fr"), webhook).deliver_due()

    assert '"channel": "mail", "cause": "ConnectionRefusedError"' in caplog.text
    assert '"channel": "webhook", "cause": "status_500"' in caplog.text
    for hidden in ("IBAN", "Camille", "camille@exemple.fr", "cabinet@", "secret", "services", reference):
        assert hidden not in caplog.text


def test_a_message_kept_wakes_the_thread_and_waits_for_nobody(
    open_delivery: OpenDelivery, messages: Messages, webhook: Webhook, webhook_host: WebhookHost, threads: Threads
) -> None:
    delivery = open_delivery(webhook)
    delivery.start()
    first = threads()
    for number in range(3):
        webhook_host.arrived.clear()
        messages.keep(Message(f"Message {number}", phone="0612345678"))
        delivery.wake()
        assert webhook_host.arrived.wait(PATIENCE_S)

    assert (len(first), threads()) == (1, first)
    delivery.stop(PATIENCE_S)
    assert len(webhook_host.posts) == 3
    assert messages.counts()["delivered"] == 3
    assert threads() == []


def test_messages_of_the_last_run_are_delivered_at_the_start(
    open_delivery: OpenDelivery, messages: Messages, webhook: Webhook, webhook_host: WebhookHost
) -> None:
    messages.keep(SECRET)

    open_delivery(webhook).start()

    assert webhook_host.arrived.wait(PATIENCE_S)


def test_without_a_channel_messages_wait_and_no_thread_runs(
    open_delivery: OpenDelivery, messages: Messages, threads: Threads
) -> None:
    delivery = open_delivery()
    messages.keep(SECRET)
    delivery.wake()

    assert (delivery.deliver_due(), threads()) == (0, [])
    assert messages.newest(1)[0].tries == 0


def test_a_store_that_comes_back_does_not_find_the_thread_gone(
    tmp_path: Path,
    letters: LetterWriter,
    messages: Messages,
    clock: StoppedClock,
    webhook: Webhook,
    webhook_host: WebhookHost,
) -> None:
    messages.keep(SECRET)
    file, away = tmp_path / "okichat.db", tmp_path / "away.db"
    own = Store(f"sqlite:///{file}")
    journal = _CountingJournal(clock)
    for suffix in ("", "-wal", "-shm"):
        if (part := Path(f"{file}{suffix}")).exists():
            part.rename(f"{away}{suffix}")
    delivery = Delivery(Messages(own, clock), [webhook], letters, journal)
    delivery.start()
    assert journal.heard.wait(PATIENCE_S)
    for suffix in ("-wal", "-shm", ""):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
        if (part := Path(f"{away}{suffix}")).exists():
            part.rename(f"{file}{suffix}")
    own.close()
    delivery.wake()

    assert webhook_host.arrived.wait(PATIENCE_S)
    delivery.stop(PATIENCE_S)
    own.close()


def test_a_defect_met_by_one_message_does_not_end_the_delivery_of_the_others(
    messages: Messages,
    letters: LetterWriter,
    clock: StoppedClock,
    webhook: Webhook,
    webhook_host: WebhookHost,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defective(_kept: KeptMessage) -> Letter:
        raise ValueError("Mon IBAN est FR76")

    journal = _CountingJournal(clock)
    delivery = Delivery(messages, [webhook], letters, journal)
    messages.keep(SECRET)
    with monkeypatch.context() as broken:
        broken.setattr(letters, "write", defective)
        delivery.start()
        assert journal.heard.wait(PATIENCE_S)
    messages.keep(Message("Et moi ?", phone="0612345678"))
    delivery.wake()

    assert webhook_host.arrived.wait(PATIENCE_S)
    delivery.stop(PATIENCE_S)
    assert "Et moi ?" in webhook_host.posts[0]["text"]
    assert "delivery_crashed" in caplog.text
    assert "IBAN" not in caplog.text


class _CountingJournal(Journal):
    def __init__(self, clock: StoppedClock) -> None:
        super().__init__(clock)
        self.heard = threading.Event()
        self.listen(lambda _name, _facts: self.heard.set())
