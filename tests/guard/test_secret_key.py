"""The key that signs references: the operator's own, else one that is made once and kept."""

from __future__ import annotations

from contextlib import closing

import pytest

from okichat.guard.secret_key import secret_key
from okichat.monitoring.journal import Fact, Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock


@pytest.fixture
def journal(clock: StoppedClock) -> Journal:
    return Journal(clock)


def test_the_operators_own_key_is_taken_so_that_processes_with_stores_of_their_own_share_it(
    store: Store, journal: Journal
) -> None:
    assert secret_key(Settings(secret_key="s" * 32), store, journal) == "s" * 32


def test_without_one_a_key_is_made_once_and_a_restart_finds_it_again(store: Store, journal: Journal) -> None:
    made = secret_key(Settings(), store, journal)

    assert len(made) == 64
    assert secret_key(Settings(), store, journal) == made


def test_while_the_store_is_away_there_is_a_key_all_the_same_and_the_operator_is_told(journal: Journal) -> None:
    told: list[str] = []

    def listen(name: str, facts: dict[str, Fact]) -> None:
        told.append(name)

    journal.listen(listen)
    away = Store("sqlite:////nowhere/at/all.db")
    with closing(away):
        keys = {secret_key(Settings(), away, journal) for _ in range(2)}

    assert len(keys) == 2
    assert set(told) == {"secret_key_not_kept"}
