"""Prove that the budget holds: thousands of random races for the last cent, on SQLite and on Postgres.

    python scripts/prove_budget.py [--runs 10000] [--processes 8] [--threads 50] [--seed 1]

Three runs in ten are on SQLite (one process, as it is used), the rest on Postgres; one in twenty asks a model's host on the
loopback through the openai client. In one of ten a process is killed in the middle, in one of a hundred Postgres is. Every
twentieth run has all threads of all processes, the others fewer, so that the last cent is also fought for by a few.
Fails if any budget was exceeded by a microdollar, at any row of the ledger, or if host and ledger disagree about a call."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from okichat.storage import schema
from okichat.storage.engine import Store
from tests.doubles.openai_server import OpenAIServer
from tests.money.race import Outcome, Race
from tests.money.race_verdict import whole_verdict
from tests.money.racers import Racers, racers
from tests.servers import ServerMissing, postgres_server

_PROGRESS_RUNS = 250
# What a host does wrong that has to do with money; each at once, so that a run is short.
_FAULTS = ("usage_missing", "usage_words", "error_object_middle", "reset_middle", "status_500", "close_before_headers")


@dataclass(slots=True)
class Track:
    """One database with its processes, and what happened there."""

    name: str
    racing: Racers
    host: OpenAIServer
    processes: int
    threads: int
    restart: Callable[[], None] | None
    races: list[Race] = field(default_factory=list)
    total: Outcome = field(default_factory=Outcome)

    def run(self, number: int, seed: int) -> None:
        """One race, drawn from its seed."""
        rng = random.Random(f"{seed} track")
        asks_host, is_full = rng.random() < 0.05, rng.random() < 0.05
        threads = self.threads if is_full else rng.randint(1, max(1, self.threads // 8))
        if asks_host:
            threads = min(threads, 12)
            self._script_host(rng)
        calls = self.processes * threads
        fit = max(1, min(40, round(calls * rng.uniform(0.1, 0.9))))
        host = self.host.base_url if asks_host else None
        race = Race.at_random(number, seed, threads=threads, most_calls_that_fit=fit, host=host)
        about_s = 0.005 + calls * (0.01 if asks_host else 0.0015)
        kill = rng.uniform(0.0, about_s) if rng.random() < 0.1 else None
        crash = Timer(rng.uniform(0.0, about_s), self.restart) if self.restart and rng.random() < 0.01 else None
        if crash:
            crash.start()
        outcome = self.racing.run(race, kill_after_s=kill, wait_for=crash)
        outcome.kinds.update(_kinds(race, is_full=threads == self.threads, crashed=crash is not None))
        self.races.append(race)
        self.total.add(outcome)

    def _script_host(self, rng: random.Random) -> None:
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            self.host.fail(rng.choice(_FAULTS))
        self.host.always_reply(
            "Le cabinet vous reçoit sur rendez-vous. " * rng.randint(1, 3), cached_tokens=rng.choice([0, 7])
        )


def main() -> int:
    """Run the races, print the figures, and give 1 if the budget did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    asked = parser.parse_args()
    print(f"{asked.runs} runs, {asked.processes} processes x {asked.threads} threads, --seed {asked.seed}", flush=True)
    on_sqlite = max(1, asked.runs * 3 // 10)
    with OpenAIServer() as host:
        with _on_sqlite(host, asked.threads) as track:
            holds = _run(track, on_sqlite, asked.seed)
        try:
            with _on_postgres(host, asked.processes, asked.threads) as track:
                holds &= _run(track, asked.runs - on_sqlite, asked.seed + on_sqlite)
        except ServerMissing as missing:
            print(f"only SQLite was tried: {missing}")
            return 1
    print("The budget holds." if holds else "THE BUDGET DOES NOT HOLD.")
    return 0 if holds else 1


@contextmanager
def _on_sqlite(host: OpenAIServer, threads: int) -> Iterator[Track]:
    with tempfile.TemporaryDirectory(prefix="okichat-prove-") as folder:
        url = _create_tables(f"sqlite:///{folder}/okichat.db")
        with racers(url, 1, host) as racing:
            yield Track("SQLite", racing, host, 1, threads, None)


@contextmanager
def _on_postgres(host: OpenAIServer, processes: int, threads: int) -> Iterator[Track]:
    with postgres_server() as server, racers(_create_tables(server.url), processes, host) as racing:
        yield Track("Postgres", racing, host, processes, threads, server.restart)


def _create_tables(url: str) -> str:
    store = Store(url)
    schema.prepare(store)
    store.close()
    return url


def _kinds(race: Race, *, is_full: bool, crashed: bool) -> dict[str, int]:
    return {
        "all threads at once": is_full,
        "through the openai client to the loopback host": race.host is not None,
        "clocks stepped over the end of a month": race.clock_steps,
        "the database was killed and restarted": crashed,
    }


def _run(track: Track, runs: int, seed: int) -> bool:
    began = time.monotonic()
    for number in range(runs):
        track.run(number, seed + number)
        if number % _PROGRESS_RUNS == _PROGRESS_RUNS - 1:
            passed_s = time.monotonic() - began
            print(f"  {track.name}: {number + 1} of {runs} runs, {passed_s:.0f} s, {_wrong(track.total)}", flush=True)
            if not track.total.holds:
                break
    track.total.add(whole_verdict(track.racing.store, track.races))
    _print(track.name, track.total, time.monotonic() - began)
    return track.total.holds


def _wrong(total: Outcome) -> str:
    return f"overshoot {total.overshoot}" if total.holds else f"NOT AS IT SHOULD BE: {total}"


def _print(name: str, total: Outcome, seconds: float) -> None:
    print(f"{name}: {total.races} runs in {seconds:.0f} s")
    for kind, count in sorted(total.kinds.items()):
        print(f"  {count:>9} of them: {kind}")
    for ending, count in sorted(total.calls.items()):
        print(f"  {count:>9} calls {ending}")
    cents = [amount / 10_000 for amount in (total.completed_at_host_microusd, total.completed_in_ledger_microusd)]
    print(f"  overshoot                          {total.overshoot} microdollars")
    print(f"  billed by the host over a budget   {total.billed_above_budget} microdollars")
    print(f"  billed but not in the ledger       {total.billed_above_ledger} microdollars")
    print(f"  calls that cost nothing            {total.cost_nothing}")
    print(
        f"  completed through the real client  {total.completed} calls: host {cents[0]:.4f} cents, ledger {cents[1]:.4f}"
    )
    print(f"  of them with another count         {total.host_disagrees}")
    print(f"  months with money left reserved    {total.left_open}")
    print(f"  ledger and running totals differ   {len(total.differences)} times {total.differences[:3] or ''}")
    print(f"  closest to the edge                {total.closest:.6%} of a budget", flush=True)


if __name__ == "__main__":
    sys.exit(main())
