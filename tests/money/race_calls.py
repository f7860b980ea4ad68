"""What each process of a race does: its threads start together and each makes one call."""

from __future__ import annotations

import logging
import random
import signal
import time
from collections import Counter
from dataclasses import replace
from multiprocessing.connection import Connection
from threading import Barrier, Lock, Thread
from typing import Any

from okichat.answer import Answer
from okichat.content import folder
from okichat.errors import SourceUnavailable, StoreUnavailable
from okichat.knowledge.findings import Findings
from okichat.money.budget import Budget
from okichat.money.reservation import BudgetSpent, LedgerUnavailable
from okichat.monitoring.journal import Journal
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.sources.gpt import Gpt
from okichat.sources.prompt import Prompt
from okichat.storage import engine
from okichat.storage.engine import Store
from tests.money.race import ENDINGS, MONTHS, Race, RaceClock
from tests.waiting import PATIENCE_S

_LEAVES = 0.1  # the share of visitors who leave in the middle of a streamed answer


class Bill:
    """What a model's host would count for the drawn calls of one process, for each month of the race."""

    def __init__(self, slots: Any, slot: int) -> None:
        self._slots, self._first, self._lock = slots, slot * MONTHS, Lock()

    def add(self, month: int, microusd: int) -> None:
        """Bill one call."""
        with self._lock:
            self._slots[self._first + month] += microusd


def wait_for_races(pipe: Connection, url: str, billed: Any, slot: int) -> None:
    """The body of one process: it runs every race that comes through the pipe and tells how its calls ended.

    One that will be killed waits for it, where it is done before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("okichat").setLevel(logging.CRITICAL)  # thousands of faults on purpose
    engine._LOCK_TIMEOUT_S, engine._CONNECT_TIMEOUT_S = PATIENCE_S, int(PATIENCE_S)  # a busy machine is no fault
    store = Store(url)
    bill = Bill(billed, slot)
    while True:
        try:
            race, is_doomed = pipe.recv()
            calls = _run(race, store, bill, slot)
            if is_doomed:
                signal.pause()
            pipe.send(calls)
        except (EOFError, BrokenPipeError):
            store.close()
            return


def _run(race: Race, store: Store, bill: Bill, slot: int) -> Counter[str]:
    clock = race.clock(slot)
    budget = race.open_budget(store, clock)
    gpt = _gpt(race, budget, clock) if race.host else None
    start = Barrier(race.threads)
    counts: list[Counter[str]] = [Counter() for _ in range(race.threads)]

    def runner(number: int) -> None:
        rng = random.Random(f"{race.seed} {slot} {number}")
        name = f"race-{race.number}-{slot}-{number}"
        start.wait()
        ending = _asked(gpt, name, rng) if gpt else _drawn(budget, race, name, rng, bill)
        counts[number][ending] += 1
        if rng.random() < 0.02:
            counts[number]["settled by others"] += _orphans(budget)

    runners = [Thread(target=runner, args=(number,)) for number in range(race.threads)]
    for thread in runners:
        thread.start()
    for thread in runners:
        thread.join()
    return sum(counts, Counter())


def _drawn(budget: Budget, race: Race, name: str, rng: random.Random, bill: Bill) -> str:
    """A call that is only drawn: what it really uses is random, and how it ends too."""
    prompt, cap = rng.randint(500, 8000), rng.randint(16, 600)
    try:
        reservation = budget.reserve(name, race.settings().openai_model, prompt, cap)
    except BudgetSpent:
        return "refused"
    except LedgerUnavailable:
        return "no ledger"
    ending = rng.choices(ENDINGS, race.endings)[0]
    if ending == "released":
        budget.release(reservation)
        return ending
    tokens, output = rng.randint(1, prompt), rng.randint(0, cap)
    cached = min(rng.randint(0, 400), tokens)
    month = race.months.index(reservation.month)
    bill.add(month, reservation.price.cost_microusd(tokens, cached, output))
    if ending == "late":
        time.sleep(rng.uniform(0, 0.02))
    if ending == "no usage":
        budget.settle(reservation, input_tokens=0, cached_input_tokens=0, output_tokens=0)
    elif ending != "abandoned":
        for _ in range(2 if ending == "twice" else 1):
            budget.settle(reservation, input_tokens=tokens, cached_input_tokens=cached, output_tokens=output)
    return ending


def _asked(gpt: Gpt, name: str, rng: random.Random) -> str:
    """A call that goes through the real client to the host; some visitors leave before its end."""
    question = replace(Question.from_text(f"Quels sont vos tarifs ? {name}"), id=name)
    patience = rng.randint(1, 20) if rng.random() < _LEAVES else None
    events = gpt.answer(question, Findings((), (), 0.5, "unsure"))
    try:
        for number, event in enumerate(events):
            if isinstance(event, Answer):
                return "answered"
            if number == patience:
                return "left"
    except SourceUnavailable as unavailable:
        return f"passed: {unavailable.reason}"
    finally:
        events.close()  # type: ignore[attr-defined]
    raise AssertionError("neither an answer nor a reason")


def _orphans(budget: Budget) -> int:
    """As the upkeep does it now and then, here also while the calls are under way."""
    try:
        return budget.settle_orphans()
    except StoreUnavailable:
        return 0


def _gpt(race: Race, budget: Budget, clock: RaceClock) -> Gpt:
    sentences = Sentences()
    gpt = Gpt(race.settings(), budget, Prompt([folder("prompts")], "Oki", sentences), sentences, Journal(clock), clock)
    gpt.warm()
    return gpt
