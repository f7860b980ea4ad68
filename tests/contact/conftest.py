"""Kept messages in a real SQLite file, and the hosts they are sent to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from okichat.contact.details import ContactDetails
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import Messages
from okichat.conversations.turns import Turns
from okichat.settings import Settings
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.webhook import WebhookHost


@pytest.fixture
def messages(store: Store, clock: StoppedClock) -> Messages:
    return Messages(store, clock)


@pytest.fixture
def turns(store: Store, clock: StoppedClock) -> Turns:
    return Turns(store, clock, answered_within_s=17)


@pytest.fixture
def letters(turns: Turns) -> LetterWriter:
    return LetterWriter(turns, ContactDetails.from_settings(Settings()), "fr")


@pytest.fixture
def mail_host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def webhook_host() -> Iterator[WebhookHost]:
    with WebhookHost() as host:
        yield host
