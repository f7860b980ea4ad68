"""The processes that race, kept over many races; one that is killed is replaced."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from threading import Thread
from typing import Any

from sqlalchemy import text

from okichat.storage.engine import Store
from tests.doubles.openai_server import OpenAIServer
from tests.money.race import MONTHS, Outcome, Race
from tests.money.race_calls import wait_for_races
from tests.money.race_verdict import drawn_verdict, host_verdict
from tests.waiting import wait_until

# Replacing a killed process costs a fork of one that has imported everything, not a start of Python.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.money.race_calls", "openai", "psycopg"])
_PATIENCE_S = 180.0
_LET_THE_HOST_END_S = 5.0
_UNDER_WAY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    " AND pid <> pg_backend_pid() AND state <> 'idle'"
)


class Racers:
    """Processes that wait for a race."""

    def __init__(self, url: str, processes: int, host: OpenAIServer | None = None) -> None:
        self._url, self._host = url, host
        # Slots of their own for each process, without a lock that a killed one could take with it.
        self._billed: Any = _PROCESSES.Array("q", processes * MONTHS, lock=False)
        self._store = Store(url)
        self._racers: list[tuple[ForkServerProcess, Connection]] = []
        for slot in range(processes):
            self._racers.append(self._start(slot))

    def run(self, race: Race, *, kill_after_s: float | None = None, wait_for: Thread | None = None) -> Outcome:
        """Let all processes race, perhaps kill one in the middle, and look at what is left behind.

        `wait_for`: what must be over before the look, such as the restart of the database."""
        for index in range(len(self._billed)):
            self._billed[index] = 0
        killed = random.Random(race.seed).randrange(len(self._racers)) if kill_after_s is not None else None
        for slot, (_, pipe) in enumerate(self._racers):
            pipe.send((race, slot == killed))
        outcome = Outcome(races=1)
        if killed is not None and kill_after_s is not None:
            time.sleep(kill_after_s)
            self._racers[killed][0].kill()  # with all its threads, wherever they are
        outcome.calls = self._counts(race, killed)
        if killed is not None:
            outcome.kinds["a process was killed in the middle"] = 1
            self._racers[killed][0].join()
            self._racers[killed] = self._start(killed)
        if wait_for is not None:
            wait_for.join()
        if killed is not None and not self._store.is_sqlite:
            wait_until(self._is_quiet, "the server has noticed the death, and ended what was under way")
        outcome.add(self._look(race))
        return outcome

    @property
    def store(self) -> Store:
        """The store they race on."""
        return self._store

    def close(self) -> None:
        """End the processes."""
        for process, pipe in self._racers:
            pipe.close()
            process.join(10)
        self._store.close()

    def _is_quiet(self) -> bool:
        """Whether Postgres is in no transaction but ours: a commit on its way when its process died may come a moment later."""
        with self._store.read() as connection:
            return not connection.scalar(_UNDER_WAY)

    def _counts(self, race: Race, killed: int | None) -> Counter[str]:
        """How the calls ended, of those that live to tell."""
        counts: Counter[str] = Counter()
        waiting = {pipe: slot for slot, (_, pipe) in enumerate(self._racers)}
        until_s = time.monotonic() + _PATIENCE_S
        while waiting:
            ready = wait(list(waiting), timeout=max(0.0, until_s - time.monotonic()))
            if not ready:
                raise RuntimeError(f"{len(waiting)} processes did not finish race {race.number}, --seed {race.seed}")
            for pipe in ready:
                assert isinstance(pipe, Connection)
                slot = waiting.pop(pipe)
                try:
                    counts += pipe.recv()
                except (EOFError, ConnectionResetError):
                    if slot != killed:
                        raise
        return counts

    def _look(self, race: Race) -> Outcome:
        race.open_budget(self._store, race.long_after()).settle_orphans()
        if race.host is None or self._host is None:
            billed = [sum(self._billed[month::MONTHS]) for month in range(MONTHS)]
            return drawn_verdict(self._store, race, billed)
        requests = _finished_requests(self._host)
        self._host.forget()
        return host_verdict(self._store, race, requests)

    def _start(self, slot: int) -> tuple[ForkServerProcess, Connection]:
        ours, theirs = _PROCESSES.Pipe()
        process = _PROCESSES.Process(target=wait_for_races, args=(theirs, self._url, self._billed, slot), daemon=True)
        process.start()
        theirs.close()
        return process, ours


def _finished_requests(host: OpenAIServer) -> list[Any]:
    """What the host was asked, once it bills no more: it notices late that a process was killed."""
    until_s = time.monotonic() + _LET_THE_HOST_END_S
    billed = host.billed_tokens
    while time.monotonic() < until_s:
        time.sleep(0.02)
        if host.billed_tokens == billed:
            break
        billed = host.billed_tokens
    return list(host.requests)


@contextmanager
def racers(url: str, processes: int, host: OpenAIServer | None = None) -> Iterator[Racers]:
    """Processes that race on the database at `url`, which has its tables."""
    started = Racers(url, processes, host)
    try:
        yield started
    finally:
        started.close()
