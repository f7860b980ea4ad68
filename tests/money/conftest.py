"""A budget on a real SQLite file and on a real Postgres, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from okichat.money.budget import Budget
from okichat.settings import Settings
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import metadata
from tests.doubles.clock import StoppedClock

OpenBudget = Callable[..., Budget]

# One dollar per million tokens, in and out: a token costs a microdollar, so a test reads without a calculator.
DOLLAR = {"price_input_usd": 1.0, "price_output_usd": 1.0}


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path}/okichat.db")
        schema.prepare(opened)
        yield opened
        opened.close()
        return
    opened = request.getfixturevalue("postgres_store")
    yield opened
    with opened.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def open_budget(store: Store, clock: StoppedClock) -> OpenBudget:
    """Open a budget as a process of its own would: `open_budget(budget_usd=0.001)`."""

    def open_budget(**changes: Any) -> Budget:
        return Budget(store, clock, Settings(**{**DOLLAR, **changes}))

    return open_budget
