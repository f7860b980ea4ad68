"""Prove that the budget holds: thousands of random races for the last cent, on SQLite and on Postgres.

    python scripts/prove_budget.py [--runs 10000] [--processes 8] [--threads 50] [--seed 1]

A tenth of the runs is on SQLite (one process, as it is used), the rest on Postgres. In one run of ten a process is killed in the
middle, in one of a hundred Postgres is. Fails if any budget was exceeded by a microdollar, at any row of the ledger."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from threading import Timer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from okichat.storage import schema
from okichat.storage.engine import Store
from tests.money.race import Outcome, Race, Racers, racers
from tests.servers import PostgresServer, postgres_server


def main() -> int:
    """Run the races, print the figures, and give 1 if the budget did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    asked = parser.parse_args()
    print(f"{asked.runs} runs, {asked.processes} processes x {asked.threads} threads, --seed {asked.seed}")
    on_sqlite = max(1, asked.runs // 10)
    with tempfile.TemporaryDirectory(prefix="okichat-prove-") as folder:
        url = f"sqlite:///{folder}/okichat.db"
        _create_tables(url)
        with racers(url, 1, asked.threads) as racing:
            sqlite = _run("SQLite", racing, on_sqlite, asked.seed, None)
    with postgres_server() as server:
        _create_tables(server.url)
        with racers(server.url, asked.processes, asked.threads) as racing:
            postgres = _run("Postgres", racing, asked.runs - on_sqlite, asked.seed + on_sqlite, server)
    return 0 if sqlite.holds and postgres.holds else 1


def _create_tables(url: str) -> None:
    store = Store(url)
    schema.prepare(store)
    store.close()


def _run(name: str, racing: Racers, runs: int, seed: int, server: PostgresServer | None) -> Outcome:
    total = Outcome()
    began = time.monotonic()
    for number in range(runs):
        rng = random.Random(seed + number)
        race = Race.at_random(number, seed + number, most_calls_that_fit=40)
        kill = rng.uniform(0.0, 0.3) if rng.random() < 0.1 else None
        crash = Timer(rng.uniform(0.0, 0.3), server.restart) if server and rng.random() < 0.01 else None
        if crash:
            crash.start()
            total.restarts += 1
        total.add(racing.run(race, kill_one_after_s=kill, wait_for=crash))
        if number % 500 == 499:
            total.differences += racing.differences()
            print(
                f"  {name}: {number + 1} runs, {time.monotonic() - began:.0f} s, overshoot {total.overshoot}",
                flush=True,
            )
    total.differences += racing.differences()
    _print(name, total, time.monotonic() - began)
    return total


def _print(name: str, total: Outcome, seconds: float) -> None:
    print(
        f"{name}: {total.races} runs in {seconds:.0f} s, {total.killed} processes and {total.restarts} databases killed"
    )
    print(f"  calls                          {dict(sorted(total.calls.items()))}")
    print(f"  overshoot                      {total.overshoot} microdollars")
    print(f"  billed by the host over budget {total.billed_above_budget} microdollars")
    print(f"  billed but not in the ledger   {total.billed_above_ledger} microdollars")
    print(f"  ledger and totals differ       {len(total.differences)} times {total.differences[:3]}")
    print(f"  closest to the edge            {total.closest:.6%} of a budget")


if __name__ == "__main__":
    sys.exit(main())
