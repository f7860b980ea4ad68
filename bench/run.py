"""`make bench`: Okichat against a bare Flask app, alternated in one run, so that the ratios hold on any machine.

Usage: python bench/run.py [rounds]     (default 5; about ten seconds each)"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.serving import Served, served

SECONDS = 2.0
WARM_UP_S = 0.7
LOAD = Path(__file__).with_name("load.py")
STYLES = {"kept": "answers, kept connections", "new": "answers, new connections"}


def ask(app: Served, style: str, seconds: float) -> dict[str, float]:
    """What the visitors saw in some seconds."""
    command = [sys.executable, str(LOAD), str(app.port), style, str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=seconds + 60, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


def measure_answers(rounds: int) -> None:
    """Answers per second of a local answer, both apps in turn."""
    with served("okichat") as okichat, served("floor") as floor:
        for style, title in STYLES.items():
            for app in (okichat, floor):
                ask(app, style, WARM_UP_S)
            pairs = [(ask(okichat, style, SECONDS), ask(floor, style, SECONDS)) for _ in range(rounds)]
            for unit, name in (("per_second", f"{title}, per second"), ("p95_ms", f"{title}, p95 in ms")):
                print_row(name, [(ours[unit], theirs[unit]) for ours, theirs in pairs])
            busy = max(seen["busy"] for pair in pairs for seen in pair)
            if busy > 0.9:
                print(f"  (the visitors' process was {busy:.0%} busy: it may have held back the faster of the two)")


def measure_start(rounds: int) -> None:
    """From the start of gunicorn to the first page, both apps in turn."""
    pairs = []
    for _ in range(rounds + 1):
        with served("okichat") as okichat:
            ours = okichat.start_s
        with served("floor") as floor:
            pairs.append((ours, floor.start_s))
    print_row("start to first page, seconds", pairs[1:])  # the first pair pays for cold files


def print_row(name: str, pairs: list[tuple[float, float]]) -> None:
    """The medians of both, and the median of the ratios within each pair."""
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    print(
        f"{name:<40}{ours:>10.2f}{theirs:>10.2f}{statistics.median(ratios):>8.2f}  {ratios[0]:.2f}-{ratios[-1]:.2f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("flask", "gunicorn"))
    today = datetime.datetime.now(datetime.UTC).date()
    print(f"{today}, Python {platform.python_version()}, {versions}, {platform.machine()}, {os.cpu_count()} processors")
    title = f"one gthread process, {rounds} rounds, medians"
    print(f"{title:<40}{'okichat':>10}{'bare':>10}{'ratio':>8}  range")
    measure_answers(rounds)
    measure_start(rounds)


if __name__ == "__main__":
    main()
