"""`make growth`: how long the owner waits for each screen of the dashboard with a million questions in the store.

Usage: python bench/dashboard.py [rows] [--write docs/performance.md]
Fills a new SQLite file, and a Postgres of its own where that is installed, and asks every screen: the first time in
apps that have just started and done their preparations. DATABASE_URL measures the filled database that it names instead;
bench/filled_store.py fills one."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask.testing import FlaskClient
from sqlalchemy import func, select

from bench.filled_store import ROWS, fill, timed
from okichat import create_app
from okichat.settings import Settings
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from okichat.web.parts import EXTENSION, Parts
from tests.servers import ServerMissing, postgres_server

PASSWORD = "the owner's own password"
STARTS = 3
TIMES = 5
LIMIT_MS = 200
SCREENS = {
    "today": "/admin",
    "the last 90 days": "/admin?days=90",
    "questions": "/admin/questions",
    "questions, a rung that is rare": "/admin/questions?rung=interrupted",
    "questions, a topic": "/admin/questions?topic=tarifs",
    "questions, notice and opinion": "/admin/questions?notice=timeout&feedback=down",
    "questions of a day": "/admin/questions?day={day}",
    "questions, a word": "/admin/questions?q=bilan",
    "questions, a word that nobody wrote": "/admin/questions?q=anticonstitutionnellement",
    "questions, far back": "/admin/questions?q=bilan&before={long_ago}T00:00:00%2B00:00~",
    "groups without an answer": "/admin/questions/groups",
    "a conversation": "/admin/conversations/{conversation}",
    "messages": "/admin/messages",
    "knowledge": "/admin/knowledge",
    "a question tried out": "/admin/knowledge?q=Quels+sont+vos+tarifs+%3F",
    "security": "/admin/security",
    "security, the last 90 days": "/admin/security?days=90",
    "health": "/admin/health",
    "export of questions, first lines": "/admin/questions.csv",
}
MARKS = re.compile(r"(?<=<!-- dashboard -->\n).*?(?=<!-- /dashboard -->)", re.DOTALL)

Row = tuple[
    str, float, float, float, float
]  # screen; the first time, and after that: from request to reply, and processor


def open_app(url: str) -> tuple[FlaskClient, Parts]:
    """A process that has just started and done what it does beside its first visitors; the client is the owner's."""
    environment = {"DATABASE_URL": url, "OKICHAT_ADMIN_PASSWORD": PASSWORD, "OKICHAT_RETENTION_DAYS": "400"}
    app = create_app(Settings.from_environment(environment))
    parts: Parts = app.extensions[EXTENSION]
    client = app.test_client()
    client.post("/admin/sign-in", data={"password": PASSWORD})  # with it the upkeep begins
    parts.upkeep.stop()
    parts.upkeep.do_round()
    return client, parts


def wait_ms(client: FlaskClient, path: str) -> tuple[float, float]:
    """From the request to the last byte, and what the processor did of it here; of an export, to its first lines."""
    begun_s, worked_s = time.perf_counter(), time.thread_time()
    response = client.get(path, buffered=False)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    next(response.iter_encoded())
    if not path.partition("?")[0].endswith(".csv"):
        response.get_data()
    response.close()
    return 1000 * (time.perf_counter() - begun_s), 1000 * (time.thread_time() - worked_s)


def measure(url: str) -> Iterator[Row]:
    """Every screen: medians of the first time in new apps, and of more times in the last of them."""
    store = Store(url)
    with store.read() as connection:
        conversation = connection.scalar(select(turns.c.conversation).order_by(turns.c.asked_at.desc()).limit(1))
        newest = connection.scalar(select(func.max(turns.c.asked_at)))
    store.close()
    if newest is None:
        raise SystemExit("the database holds no questions")
    day, long_ago = ((newest - datetime.timedelta(days=days)).date() for days in (2, 300))
    for name, pattern in SCREENS.items():
        path = pattern.format(conversation=conversation, day=day, long_ago=long_ago)
        first = []
        for _ in range(STARTS):
            client, parts = open_app(url)
            first.append(wait_ms(client, path))
            then = [wait_ms(client, path) for _ in range(TIMES)]
            parts.store.close()
        yield name, *_medians(first), *_medians(then)


def _medians(times: list[tuple[float, float]]) -> tuple[float, float]:
    waited, worked = zip(*times, strict=True)
    return statistics.median(waited), statistics.median(worked)


def prepare(url: str) -> None:
    """What a process does beside its first visitors, once in the life of a store."""
    _, parts = open_app(url)
    print(f"  every finished day counted in {timed(parts.summary.rebuild):.1f} s, beside the visitors")
    parts.store.close()


def run(title: str, url: str, rows: int | None) -> list[Row]:
    """Fill where wanted, measure, print."""
    print(title, flush=True)
    if rows:
        store = Store(url)
        schema.prepare(store)
        took_s = timed(lambda: fill(store, rows, datetime.datetime.now(datetime.UTC)))
        store.close()
        print(f"  {rows:,} questions made up in {took_s:.0f} s", flush=True)
    prepare(url)
    measured = []
    for row in measure(url):
        measured.append(row)
        late = "" if max(row[1], row[3]) < LIMIT_MS else f"  over {LIMIT_MS} ms"
        print(f"  {row[0]:<40}" + "".join(f"{ms:>8.0f}" for ms in row[1:]) + late, flush=True)
    return measured


def engines(rows: int) -> Iterator[tuple[str, list[Row]]]:
    """What is measured, by the name of the engine."""
    if url := os.environ.get("DATABASE_URL"):
        yield "Postgres" if url.startswith("postgres") else "SQLite", run("the database of DATABASE_URL", url, None)
        return
    with tempfile.TemporaryDirectory(prefix="okichat-bench-") as folder:
        yield "SQLite", run("SQLite", f"sqlite:///{folder}/okichat.db", rows)
    try:
        with postgres_server() as server:
            yield "Postgres", run("Postgres", server.url, rows)
    except ServerMissing as missing:
        print(f"Postgres was not measured: {missing}")


def write(path: Path, rows: int, found: dict[str, list[Row]]) -> None:
    """Put the table between its marks in a document."""
    today = datetime.datetime.now(datetime.UTC).date()
    machine = (
        f"{today}, {rows:,} questions of a year with all their texts, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; milliseconds"
    )
    kinds = ("first", "processor", "then", "processor")
    heads = [f"{engine}, {kind}" for engine in found for kind in kinds]
    lines = ["", machine, "", f"| screen | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}"]
    for cells in zip(*found.values(), strict=True):
        times = " | ".join(f"{ms:.0f}" for _, *columns in cells for ms in columns)
        lines.append(f"| {cells[0][0]} | {times} |")
    path.write_text(MARKS.sub("\n".join([*lines, "", ""]), path.read_text("utf-8")), "utf-8")


def main() -> None:
    """Print the tables, and write them where they are wanted."""
    arguments = argparse.ArgumentParser(description="The dashboard with many questions in the store")
    arguments.add_argument("rows", type=int, nargs="?", default=ROWS)
    arguments.add_argument("--write", type=Path)
    wanted = arguments.parse_args()
    found = dict(engines(wanted.rows))
    if wanted.write:
        write(wanted.write, wanted.rows, found)


if __name__ == "__main__":
    main()
