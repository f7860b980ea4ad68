"""Hosts that keep nothing running between two visitors."""

from __future__ import annotations

from pathlib import Path

import pytest

from okichat import create_app
from okichat.clock import SystemClock
from okichat.errors import SettingsError
from okichat.hosts import missing_servers, stops_threads
from okichat.monitoring.journal import Journal
from okichat.settings import Settings
from okichat.upkeep import Upkeep

VERCEL = {"VERCEL": "1"}


def test_on_vercel_a_start_without_what_all_processes_share_is_refused_with_the_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VERCEL", "1")
    with pytest.raises(SettingsError) as refused:
        create_app(Settings(database_url=f"sqlite:///{tmp_path}/okichat.db"))

    assert [line.split(":")[0] for line in refused.value.mistakes] == ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"]
    assert all("under Storage" in line for line in refused.value.mistakes[:2])


def test_no_other_host_needs_them() -> None:
    complete = Settings(
        database_url="postgresql+psycopg://u:p@db/okichat", redis_url="redis://cache", secret_key="s" * 32
    )

    assert missing_servers(complete, VERCEL) == []
    assert missing_servers(Settings(), {"DYNO": "web.1"}) == []
    assert stops_threads(VERCEL)
    assert not stops_threads({"DYNO": "web.1"})


def test_what_is_due_is_done_in_the_thread_that_asks_once_a_minute_and_at_once_when_there_is_news() -> None:
    done: list[str] = []
    upkeep = Upkeep(
        Journal(SystemClock()),
        [lambda: done.append("start")],
        [lambda: done.append("round")],
        when_hurried=[lambda: done.append("news")],
    )
    upkeep.also(lambda: done.append("delivery"), when_hurried=True)

    upkeep.catch_up()
    upkeep.catch_up()
    upkeep.hurry()
    upkeep.catch_up()
    upkeep.catch_up()

    assert done == ["start", "round", "delivery", "news", "delivery"]
