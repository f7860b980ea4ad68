"""What a simulated year left behind: rows and megabytes, how long the owner waits, the memory of the process."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select, text

from bench.dashboard import PASSWORD, SCREENS, TIMES, wait_ms
from bench.promises import MonthEnd
from okichat.errors import StoreUnavailable
from okichat.storage.engine import Store
from okichat.storage.tables import metadata, turns
from tests.site import Site

_SQLITE_BYTES = (
    "SELECT sqlite_master.tbl_name, sum(dbstat.pgsize) FROM dbstat "
    "JOIN sqlite_master ON sqlite_master.name = dbstat.name GROUP BY 1"
)
_POSTGRES_BYTES = (
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_RUNGS = ("gpt", "cache", "local", "small_talk", "handoff")


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is told of a year.

    worked_s  of the processor, for the visitors and the model's host too: what other work on the machine does not prolong
    sizes     rows and bytes of each table; bytes None where the database does not say"""

    days: int
    took_s: float
    worked_s: float
    engine: str
    budget_usd: float
    months: list[MonthEnd]
    statuses: Counter[int]
    letters: int
    digests: int
    memory_mb: tuple[float, float]
    sizes: Mapping[str, tuple[int, int | None]]
    screens_ms: Mapping[str, float]
    broken: list[str]

    def lines(self, machine: str) -> Iterator[str]:
        """As Markdown."""
        questions = sum(month.rungs.total() for month in self.months)
        before, after = self.memory_mb
        took, worked = f"{self.took_s / 60:.0f} minutes", f"{self.worked_s / 60:.0f} of them of processor time"
        yield (
            f"{datetime.now(UTC).date()}, {self.engine}, {machine}: {self.days} days with {questions:,} answered questions "
            f"in {took}, {worked}; a budget of ${self.budget_usd:g} a month."
        )
        yield from ("", f"| month | {' | '.join(_RUNGS)} | spent, $ | billed, $ | money |", f"|---|{'--:|' * 7}---|")
        for month in self.months:
            counts = " | ".join(f"{month.rungs[rung]:,}" for rung in _RUNGS)
            billed = month.billed.known_microusd + month.billed.unknown_microusd
            state = "ran out" if month.ran_out else "lasted"
            yield f"| {month.month} | {counts} | {month.spent_microusd / 1e6:.3f} | {billed / 1e6:.3f} | {state} |"
        replies = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        yield from ("", f"Replies: {replies}. Letters to the owner: {self.letters:,}, {self.digests} of them digests.")
        yield f"Memory of the process, model and visitors included: {before:.0f} MB at first, {after:.0f} MB at the end."
        yield from ("", "| table | rows | MB |", "|---|--:|--:|")
        for table, (rows, size) in sorted(self.sizes.items(), key=lambda item: -item[1][0]):
            yield f"| `{table}` | {rows:,} | {'' if size is None else f'{size / 1e6:.2f}'} |"
        yield from ("", "| screen | ms |", "|---|--:|")
        for screen, waited in self.screens_ms.items():
            yield f"| {screen} | {waited:.0f} |"
        yield from ("", f"Promises that did not hold: {'; '.join(self.broken) or 'none'}.")


def memory_mb() -> float:
    """What this process holds; 0 where the system does not tell as Linux does."""
    try:
        resident = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return 0.0
    return int(resident[1]) / 1024 if resident else 0.0


def sizes(store: Store) -> dict[str, tuple[int, int | None]]:
    """Rows and bytes of each table, indexes included."""
    with store.read() as connection:
        rows = {
            table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in metadata.sorted_tables
        }
    found: dict[str, int] = {}
    try:
        with store.read() as connection:
            for name, size in connection.execute(text(_SQLITE_BYTES if store.is_sqlite else _POSTGRES_BYTES)):
                found[str(name)] = int(size)
    except StoreUnavailable:
        found = {}  # an SQLite without the table of its pages
    return {name: (number, found.get(name)) for name, number in rows.items()}


def screens_ms(site: Site) -> dict[str, float]:
    """The median time of each screen of the dashboard."""
    client = site.app.test_client()
    client.post("/admin/sign-in", data={"password": PASSWORD})
    with site.parts.store.read() as connection:
        conversation = connection.scalar(select(turns.c.conversation).order_by(turns.c.asked_at.desc()).limit(1))
    now = site.parts.clock.now()
    day, long_ago = now.date(), now.replace(day=1).date()
    paths = {name: path.format(conversation=conversation, day=day, long_ago=long_ago) for name, path in SCREENS.items()}
    return {name: statistics.median(wait_ms(client, path)[0] for _ in range(TIMES)) for name, path in paths.items()}
