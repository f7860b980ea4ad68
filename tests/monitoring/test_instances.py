"""Processes that serve the same visitors notice each other, and that they are not set alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from okichat.monitoring.instances import Instances, traits_of
from okichat.monitoring.journal import Fact, Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.schema import prepare
from tests.doubles.clock import StoppedClock

SETTINGS = Settings(secret_key="a" * 32, openai_api_key="sk-first", budget_usd=20)
Open = Callable[[Settings], Instances]


class Machines:
    """Processes on one database, and the events they write."""

    def __init__(self, folder: Path) -> None:
        self.clock = StoppedClock()
        self.store = Store(f"sqlite:///{folder}/okichat.db")
        prepare(self.store)
        self.journal = Journal(self.clock)
        self.events: list[tuple[str, dict[str, Fact]]] = []
        self.journal.listen(lambda name, facts: self.events.append((name, facts)))

    def start(self, settings: Settings = SETTINGS, knowledge: str = "k1") -> Instances:
        """One process with these settings."""
        traits = traits_of(settings, knowledge, "p1", settings.secret_key or "")
        return Instances(self.store, self.clock, self.journal, traits)

    def pass_minutes(self, count: int, *running: Instances) -> None:
        """Each of them looks once a minute."""
        for _ in range(count):
            self.clock.forward(minutes=1)
            for each in running:
                each.look()


@pytest.fixture
def machines(tmp_path: Path) -> Machines:
    return Machines(tmp_path)


def test_processes_that_are_set_alike_are_counted_and_no_more_is_said(machines: Machines) -> None:
    running = [machines.start(replace(SETTINGS, port=8000 + number)) for number in range(3)]
    machines.pass_minutes(3, *running)

    assert running[0].company().count == 3
    assert running[0].company().differing == ()
    assert machines.events == []


def test_a_difference_that_lasts_is_told_once_by_one_of_all_processes_with_the_name_of_the_setting(
    machines: Machines,
) -> None:
    running = [machines.start(), machines.start(replace(SETTINGS, budget_usd=30)), machines.start(knowledge="k2")]
    machines.pass_minutes(5, *running)

    assert {name for name, _ in machines.events} == {"settings_differ"}
    told = [name for _, facts in machines.events for name in str(facts["names"]).split(", ")]
    assert sorted(told) == ["OKICHAT_BUDGET_USD", "knowledge"]
    assert running[2].company().differing == ("OKICHAT_BUDGET_USD", "knowledge")


def test_a_process_that_is_replaced_by_one_with_other_settings_is_no_difference(machines: Machines) -> None:
    old = machines.start()
    machines.pass_minutes(2, old)
    new = machines.start(replace(SETTINGS, openai_model="gpt-5.4-mini"))
    machines.pass_minutes(4, new)

    assert machines.events == []
    assert new.company().count == 1


def test_no_secret_can_be_tried_out_on_what_is_kept(machines: Machines) -> None:
    other_keys = replace(SETTINGS, openai_api_key="sk-second", admin_password="another password")
    ours = traits_of(replace(SETTINGS, admin_password="some password"), "k", "p", "s")

    assert traits_of(other_keys, "k", "p", "s") == ours
    assert traits_of(SETTINGS, "k", "p", "s") != ours  # whether there is a dashboard is no secret
    assert all(len(mark) == 8 for mark in ours.values())


def test_another_signing_key_is_noticed_though_it_is_not_set(machines: Machines) -> None:
    assert traits_of(SETTINGS, "k", "p", "key of one machine") != traits_of(SETTINGS, "k", "p", "key of another")
