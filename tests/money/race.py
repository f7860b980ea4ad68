"""Many processes with many threads race for the last cent of a month. After each race the ledger is replayed row by row.

Beside the ledger runs a count of what a model's host would bill: it must never exceed the budget, nor the ledger."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Barrier, Lock, Thread
from typing import Any

from sqlalchemy import select

from okichat.money.budget import Budget, BudgetSpent, LedgerUnavailable
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import ledger
from tests.doubles.clock import StoppedClock

_SPAWN = multiprocessing.get_context("spawn")
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Race:
    """One month of its own, with money for about `calls_that_fit` of the calls that all threads try to make at once."""

    number: int
    seed: int
    budget_microusd: int
    input_usd: float
    output_usd: float

    @classmethod
    def at_random(cls, number: int, seed: int, *, most_calls_that_fit: int) -> Race:
        """Prices of real models, and a budget that ends somewhere within a call."""
        rng = random.Random(seed)
        input_usd, output_usd = rng.choice([(0.1, 0.5), (0.2, 1.2), (0.75, 4.5), (2.5, 15.0), (0.15, 0.15)])
        one_call = 4000 * input_usd + 300 * output_usd
        budget = max(1, int(one_call * rng.uniform(0.5, most_calls_that_fit)) + rng.randint(-3, 3))
        return cls(number, seed, budget, input_usd, output_usd)

    @property
    def month(self) -> str:
        """The month nobody else races in."""
        return f"{2000 + self.number // 12}-{self.number % 12 + 1:02}"

    def open_budget(self, store: Store, *, day: int = 15) -> Budget:
        """The budget as one process sees it."""
        settings = Settings(
            budget_usd=self.budget_microusd / 1_000_000,
            price_input_usd=self.input_usd,
            price_output_usd=self.output_usd,
        )
        return Budget(
            store, StoppedClock(datetime(int(self.month[:4]), int(self.month[5:]), day, tzinfo=UTC)), settings
        )


@dataclass(slots=True)
class Outcome:
    """What one or several races did. Amounts in microdollars."""

    races: int = 0
    overshoot: int = 0  # the most by which spent + reserved exceeded a budget at any row of the ledger; must be 0
    billed_above_budget: int = 0  # the same for what the host would bill; must be 0
    billed_above_ledger: int = 0  # billed, but not in the ledger; must be 0
    differences: list[str] = field(default_factory=list)  # between the ledger and the running totals; must be empty
    closest: float = 0.0  # the largest share of a budget that was in use at once
    calls: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    restarts: int = 0

    def add(self, other: Outcome) -> None:
        """Take in another one."""
        self.races += other.races
        self.overshoot = max(self.overshoot, other.overshoot)
        self.billed_above_budget = max(self.billed_above_budget, other.billed_above_budget)
        self.billed_above_ledger = max(self.billed_above_ledger, other.billed_above_ledger)
        self.differences += other.differences
        self.closest = max(self.closest, other.closest)
        self.calls += other.calls
        self.killed += other.killed
        self.restarts += other.restarts

    @property
    def holds(self) -> bool:
        """Whether the invariant held everywhere."""
        return not (self.overshoot or self.billed_above_budget or self.billed_above_ledger or self.differences)


class Racers:
    """Processes that wait for a race; one that was killed is replaced."""

    def __init__(self, url: str, processes: int, threads: int) -> None:
        self._url, self._threads = url, threads
        # One slot for each process, without a lock that a killed one could take with it.
        self._billed: Any = _SPAWN.Array("q", processes, lock=False)
        self._store = Store(url)
        self._racers: list[tuple[SpawnProcess, Connection]] = []
        for slot in range(processes):
            self._racers.append(self._start(slot))

    def run(self, race: Race, *, kill_one_after_s: float | None = None, wait_for: Thread | None = None) -> Outcome:
        """Let all processes race, perhaps kill one in the middle, and look at what is left behind.

        `wait_for`: what must be over before the look, such as the restart of the database."""
        for slot in range(len(self._racers)):
            self._billed[slot] = 0
        for _, pipe in self._racers:
            pipe.send(race)
        outcome = Outcome(races=1)
        victim = None
        if kill_one_after_s is not None:
            time.sleep(kill_one_after_s)
            victim = random.Random(race.seed).randrange(len(self._racers))
            self._racers[victim][0].kill()
            outcome.killed = 1
        for slot, (_, pipe) in enumerate(self._racers):
            if not pipe.poll(_PATIENCE_S):
                raise RuntimeError(f"a process did not finish race {race.number}")
            try:
                outcome.calls += pipe.recv()
            except (EOFError, ConnectionResetError):
                if slot != victim:
                    raise
        if victim is not None:
            self._racers[victim][0].join()
            self._racers[victim] = self._start(victim)
        if wait_for is not None:
            wait_for.join()
        outcome.add(self._look_at(race, sum(self._billed)))
        return outcome

    def differences(self) -> list[str]:
        """Where the running totals differ from the ledger."""
        return Budget(self._store, StoppedClock(), Settings()).verify()

    def close(self) -> None:
        """End the processes."""
        for process, pipe in self._racers:
            pipe.close()
            process.join(10)
        self._store.close()

    def _start(self, slot: int) -> tuple[SpawnProcess, Connection]:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=_wait_for_races, args=(theirs, self._url, self._threads, self._billed, slot), daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def _look_at(self, race: Race, billed: int) -> Outcome:
        race.open_budget(self._store, day=16).settle_orphans()
        with self._store.read() as connection:
            columns = (ledger.c.spent_change_microusd, ledger.c.reserved_change_microusd)
            rows = connection.execute(select(*columns).where(ledger.c.month == race.month).order_by(ledger.c.id)).all()
        used = most = spent = 0
        for spent_change, reserved_change in rows:
            spent += spent_change
            used += spent_change + reserved_change
            most = max(most, used)
        return Outcome(
            overshoot=max(0, most - race.budget_microusd),
            billed_above_budget=max(0, billed - race.budget_microusd),
            billed_above_ledger=max(0, billed - spent),
            closest=most / race.budget_microusd,
        )


@contextmanager
def racers(url: str, processes: int, threads: int) -> Iterator[Racers]:
    """Processes that race on the database at `url`, which has its tables."""
    started = Racers(url, processes, threads)
    try:
        yield started
    finally:
        started.close()


def _wait_for_races(pipe: Connection, url: str, threads: int, billed: Any, slot: int) -> None:
    """The body of one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = Store(url)
    bill = Bill(billed, slot)
    while True:
        try:
            race = pipe.recv()
        except EOFError:
            store.close()
            return
        pipe.send(_race(race, store, threads, bill, slot))


class Bill:
    """What the model's host counts for the calls of one process."""

    def __init__(self, slots: Any, slot: int) -> None:
        self._slots, self._slot, self._lock = slots, slot, Lock()

    def add(self, microusd: int) -> None:
        """Bill one call."""
        with self._lock:
            self._slots[self._slot] += microusd


def _race(race: Race, store: Store, threads: int, bill: Bill, slot: int) -> Counter[str]:
    budget = race.open_budget(store)
    start = Barrier(threads)
    counts: list[Counter[str]] = [Counter() for _ in range(threads)]

    def runner(number: int) -> None:
        rng = random.Random(f"{race.seed} {slot} {number}")
        start.wait()
        counts[number][_call(budget, race, rng, bill)] += 1

    runners = [Thread(target=runner, args=(number,)) for number in range(threads)]
    for thread in runners:
        thread.start()
    for thread in runners:
        thread.join()
    return sum(counts, Counter())


def _call(budget: Budget, race: Race, rng: random.Random, bill: Bill) -> str:
    """One call to the model: what it really uses is random, and how it ends too."""
    prompt, cap = rng.randint(500, 8000), rng.randint(16, 600)
    try:
        reservation = budget.reserve(f"race-{race.number}", "model", prompt, cap)
    except BudgetSpent:
        return "refused"
    except LedgerUnavailable:
        return "no ledger"
    ending = rng.choices(["settled", "kept", "released", "abandoned"], [70, 10, 10, 10])[0]
    if ending == "released":
        budget.release(reservation)
        return ending
    tokens, cached, output = rng.randint(1, prompt), rng.randint(0, 400), rng.randint(0, cap)
    bill.add(reservation.price.cost_microusd(tokens, min(cached, tokens), output))
    if ending == "settled":
        budget.settle(reservation, input_tokens=tokens, cached_input_tokens=min(cached, tokens), output_tokens=output)
    elif ending == "kept":
        budget.keep(reservation)
    return ending
