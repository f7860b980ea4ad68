"""Alerts and figures on a real SQLite file and on a real Postgres."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from okichat.monitoring.summary import Summary
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock
from tests.money.conftest import store
from tests.monitoring.made_up_turns import Ask

__all__ = ["store"]


@pytest.fixture
def summary(store: Store, clock: StoppedClock) -> Summary:
    return Summary(store, clock, "Europe/Paris")


@pytest.fixture
def ask(store: Store, clock: StoppedClock) -> Ask:
    """Writes a turn: who answered it, when, after how long, and what else is said."""
    number = iter(range(10_000))

    def write(rung: str | None = "gpt", at: datetime | None = None, took_s: float = 1.0, **more: Any) -> None:
        at = at or clock.now()
        n = next(number)
        answered = (
            {"answered_by": rung, "answered_at": at + timedelta(seconds=took_s), "answer": "Oui."} if rung else {}
        )
        row = {"id": f"t{n}", "conversation": f"c{n}", "asked_at": at, "language": "fr", "question": "?"}
        with store.write() as connection:
            connection.execute(insert(turns), {**row, **answered, **more})

    return write
