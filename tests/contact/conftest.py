"""Kept messages in a real SQLite file, and the letters that tell of them."""

from __future__ import annotations

import pytest

from okichat.contact.details import ContactDetails
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import Messages
from okichat.conversations.turns import Turns
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock


@pytest.fixture
def messages(store: Store, clock: StoppedClock) -> Messages:
    return Messages(store, clock)


@pytest.fixture
def turns(store: Store, clock: StoppedClock) -> Turns:
    return Turns(store, clock, answered_within_s=17)


@pytest.fixture
def letters(turns: Turns) -> LetterWriter:
    return LetterWriter(turns, ContactDetails.from_settings(Settings()), Sentences()("fr"))
