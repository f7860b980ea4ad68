"""`make bench`: Okichat against a bare Flask app, alternated in one run, so that the ratios hold on any machine.

Usage: python bench/against_flask.py [rounds] [--write docs/performance.md]     (default 5; about half a minute each)"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.model import Model, answers_over_the_client
from bench.serving import Served, served
from bench.streaming import rows_of_streams

SECONDS = 2.0
WARM_UP_S = 0.7
QUESTIONS_ONE_BY_ONE = 20
UNREACHABLE = "http://127.0.0.1:9/v1"  # the port "discard", where hardly any machine listens: refused at once
ASKERS = Path(__file__).with_name("askers.py")
STYLES = {"kept": "kept connections", "new": "new connections"}
HEAD = ("what", "okichat", "floor", "ratio", "range")
MARKS = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


class Table:
    """The rows, printed as they come."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(self, name: str, pairs: list[tuple[float, float]]) -> None:
        """The medians of both, and the median of the ratios within each pair."""
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratios = sorted(a / b for a, b in pairs)
        middle, span = f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
        self.print((name, f"{ours:.2f}", f"{theirs:.2f}", middle, span))

    def print(self, row: tuple[str, ...]) -> None:
        """One row as it is."""
        self.rows.append(row)
        print(f"{row[0]:<46}" + "".join(f"{cell:>11}" for cell in row[1:]), flush=True)


def ask(app: Served, style: str, seconds: float) -> dict[str, float]:
    """What the visitors saw in some seconds."""
    command = [sys.executable, str(ASKERS), str(app.port), style, str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=seconds + 60, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


def measure_answers(table: Table, rounds: int, kind: str, okichat: Served, floor: Served) -> None:
    """Answers per second, both apps in turn."""
    for style, title in STYLES.items():
        for app in (okichat, floor):
            ask(app, style, WARM_UP_S)
        pairs = [(ask(okichat, style, SECONDS), ask(floor, style, SECONDS)) for _ in range(rounds)]
        for unit, name in (("per_second", "per second"), ("p95_ms", "p95 in ms")):
            table.add(f"{kind}, {title}, {name}", [(ours[unit], theirs[unit]) for ours, theirs in pairs])
        busy = max(seen["busy"] for pair in pairs for seen in pair)
        if busy > 0.9:
            print(f"  (the visitors' process was {busy:.0%} busy: it may have held back the faster of the two)")


def measure_kinds(table: Table, rounds: int) -> None:
    """A local answer, a prepared one, and one while the model cannot be reached; what they take of memory."""
    with served("floor") as floor:
        with served("okichat") as okichat:
            okichat.settle()
            tell_memory(table, "memory, idle, without a key", okichat)
            measure_answers(table, rounds, "local answer", okichat, floor)
        with Model() as model, served("okichat", **model.settings) as okichat:
            okichat.settle()
            tell_memory(table, "memory, with a key, before the first question", okichat)
            measure_answers(table, rounds, "prepared answer", okichat, floor)
            tell_memory(table, "memory, after answers of the model", okichat)
        with Model(refuses=True) as model, served("okichat", **model.settings) as okichat:
            okichat.settle()
            measure_answers(table, rounds, "model refuses, breaker closed", okichat, floor)
        with served("okichat", **Model.settings_at(UNREACHABLE)) as okichat:
            okichat.settle()
            measure_answers(table, rounds, "model refuses, breaker open", okichat, floor)


def tell_memory(table: Table, name: str, app: Served) -> None:
    """The memory of one process, where it can be told."""
    memory_mb = app.memory_mb()
    if memory_mb is not None:
        table.print((f"{name}, MB", f"{memory_mb:.0f}", "", "", ""))


def measure_model(table: Table, rounds: int) -> None:
    """An answer of the model in one piece, over the API and over the client called directly, one at a time."""
    with Model() as model, served("okichat", **model.settings) as okichat:
        okichat.settle()
        one_by_one: dict[str, Callable[[int], float]] = answers_over_the_client(model, okichat)
        for call in one_by_one.values():
            call(3)
        pairs = [
            (one_by_one["okichat"](QUESTIONS_ONE_BY_ONE), one_by_one["client"](QUESTIONS_ONE_BY_ONE))
            for _ in range(rounds)
        ]
        table.add("unstreamed answer of the model, ms", pairs)


def measure_start(table: Table, rounds: int) -> None:
    """From the start of gunicorn to the first page, both apps in turn."""
    pairs = []
    for _ in range(rounds + 1):
        with served("okichat") as okichat:
            ours = okichat.start_s
        with served("floor") as floor:
            pairs.append((ours, floor.start_s))
    table.add("start to first page, seconds", pairs[1:])  # the first pair pays for cold files


def write(path: Path, machine: str, table: Table) -> None:
    """Put the table between the marks in a document."""
    lines = ["", f"{machine}", "", f"| {' | '.join(HEAD)} |", "|---|--:|--:|--:|--:|"]
    lines += [f"| {' | '.join(row)} |" for row in table.rows]
    path.write_text(MARKS.sub("\n".join([*lines, "", ""]), path.read_text("utf-8")), "utf-8")


def main() -> None:
    """Print the table, and write it where it is wanted."""
    arguments = argparse.ArgumentParser(description="Okichat against a bare Flask app, in one run")
    arguments.add_argument("rounds", type=int, nargs="?", default=5)
    arguments.add_argument("--write", type=Path)
    wanted = arguments.parse_args()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("flask", "gunicorn", "sqlalchemy"))
    today = datetime.datetime.now(datetime.UTC).date()
    machine = (
        f"{today}, Python {platform.python_version()}, {versions}, {platform.machine()}, {os.cpu_count()} processors; "
        f"load before the run {os.getloadavg()[0]:.1f}; one gthread process each, {wanted.rounds} rounds, medians"
    )
    print(machine)
    table = Table()
    print(f"{HEAD[0]:<46}" + "".join(f"{cell:>11}" for cell in HEAD[1:]))
    measure_kinds(table, wanted.rounds)
    measure_model(table, wanted.rounds)
    measure_start(table, wanted.rounds)
    for row in rows_of_streams():
        table.print(row)
    if wanted.write:
        write(wanted.write, machine, table)


if __name__ == "__main__":
    main()
