"""The real app behind a real threaded server, with its events and its money in view."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import FileSystemBytecodeCache
from sqlalchemy import func, select

from okichat import create_app
from okichat.clock import SystemClock
from okichat.money.budget import Budget
from okichat.monitoring.journal import Fact
from okichat.settings import Settings
from okichat.storage.tables import ledger, reservations
from okichat.web.parts import EXTENSION, Parts
from tests.faults.asking import HTMX, ask
from tests.listening import listening

FIRST_TOKEN_S = 1.5
DEADLINE_S = 2.5
PATIENT = {"first_token_s": 100.0, "deadline_s": 120.0}  # where the model is not meant to be late: a busy machine is
# Each app would compile all templates anew, which takes longer than the questions do.
_templates = tempfile.TemporaryDirectory(prefix="okichat-templates-")
_one_start_at_a_time = threading.Lock()  # migrations are run by a library with global state


class MovableClock:
    """The machine's clock, ahead by as much as the test says."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return SystemClock().now() + self.ahead


@dataclass(frozen=True, slots=True)
class Money:
    """What the ledger says, in millionths of a US dollar. `problems` is what its own check finds wrong."""

    spent_microusd: int
    released: int
    settled: int
    open_reservations: int
    problems: list[str]


@dataclass
class Served:
    """A running app. `events` are those of the journal, in order."""

    port: int
    parts: Parts
    clock: MovableClock
    events: list[tuple[str, dict[str, Fact]]] = field(default_factory=list)

    def money(self) -> Money:
        """The figures of the ledger now."""
        count = select(func.count()).select_from
        with self.parts.store.read() as connection:
            kinds = select(ledger.c.kind, func.count(), func.sum(ledger.c.spent_change_microusd)).group_by(
                ledger.c.kind
            )
            rows: dict[str, tuple[int, int]] = {
                kind: (number, int(spent)) for kind, number, spent in connection.execute(kinds)
            }
            waiting = connection.execute(count(reservations)).scalar_one()
        problems = Budget(self.parts.store, self.clock, self.parts.settings).verify()
        spent = sum(amount for _, amount in rows.values())
        return Money(spent, rows.get("release", (0, 0))[0], rows.get("settle", (0, 0))[0], waiting, problems)


@contextmanager
def served(**settings: Any) -> Iterator[Served]:
    """The app with these settings (attributes of Settings), with short deadlines and an own store unless they say otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="okichat-faults-"))
    short = {
        "openai_api_key": "sk-fault-suite",
        "database_url": f"sqlite:///{folder}/okichat.db",
        "first_token_s": FIRST_TOKEN_S,
        "deadline_s": DEADLINE_S,
        "price_input_usd": 0.1,
        "price_output_usd": 0.5,
        "cache_ttl_s": 0,
        "rate_limit": "1000 per minute",
    }
    clock = MovableClock()
    with _one_start_at_a_time:
        app = create_app(Settings(**{**short, **settings}), clock)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(_templates.name)
    try:
        with listening(app) as port:
            running = Served(port, app.extensions[EXTENSION], clock)
            running.parts.journal.listen(lambda name, facts: running.events.append((name, facts)))
            running.parts.gpt.warm()
            ask(port, HTMX, "Bonjour")  # the first question of a process pays for what is made on demand
            yield running
    finally:
        app.extensions[EXTENSION].close()
        shutil.rmtree(folder)
