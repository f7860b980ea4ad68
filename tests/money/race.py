"""One race for the last cent of a month, drawn at random: how much money there is, who runs, what goes wrong.

Each race has three months of its own (before, main, after), so that thousands share a database and clocks may step."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from okichat.money.budget import Budget
from okichat.settings import Settings
from okichat.storage.engine import Store

MONTHS = 3
_MAIN, _AFTER = 1, 2
# Dollars per million tokens, in and out, of real models from the cheapest to the dearest.
_PRICES = [(0.1, 0.5), (0.2, 1.2), (0.75, 4.5), (2.5, 15.0), (0.15, 0.15)]
# How a call ends: settled with its usage; the same, but late; without usage reported; given back because nothing was done
# for it; never ended, as by a thread that crashed; settled twice.
ENDINGS = ("settled", "late", "no usage", "released", "abandoned", "twice")


class RaceClock:
    """Steps through some times, each for so many looks; safe with many threads."""

    def __init__(self, times: tuple[datetime, ...], looks_each: int) -> None:
        self._times, self._looks_each, self._looks = times, looks_each, 0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time of this look."""
        with self._lock:
            at = min(self._looks // self._looks_each, len(self._times) - 1)
            self._looks += 1
        return self._times[at]


@dataclass(frozen=True, slots=True)
class Race:
    """What all threads try at once.

    threads       of each process
    endings       a weight for each of ENDINGS
    clock_steps   whether the clocks of the processes step over a month's end, each at another moment, some of them back
    host          the base URL of a model's host that is really asked through the openai client; None: the call is only drawn
    """

    number: int
    seed: int
    budget_microusd: int
    input_usd: float
    output_usd: float
    threads: int
    endings: tuple[int, ...]
    clock_steps: bool = False
    host: str | None = None

    @classmethod
    def at_random(
        cls, number: int, seed: int, *, threads: int, most_calls_that_fit: int, host: str | None = None
    ) -> Race:
        """A budget that ends somewhere within a call."""
        rng = random.Random(seed)
        input_usd, output_usd = rng.choice(_PRICES)
        prompt, answer = (7000, 80) if host else (4000, 300)
        one_call = prompt * input_usd + answer * output_usd
        budget = max(1, int(one_call * rng.uniform(0.5, most_calls_that_fit)) + rng.randint(-3, 3))
        endings = tuple(rng.choice([0, 1, 2, 8]) + (2 if ending == "settled" else 0) for ending in ENDINGS)
        steps = host is None and rng.random() < 0.2
        return cls(number, seed, budget, input_usd, output_usd, threads, endings, steps, host)

    @property
    def months(self) -> tuple[str, ...]:
        """The months nobody else races in."""
        indexes = range(MONTHS * self.number, MONTHS * (self.number + 1))
        return tuple(f"{2000 + index // 12}-{index % 12 + 1:02}" for index in indexes)

    def clock(self, slot: int) -> RaceClock:
        """The clock of one process."""
        if not self.clock_steps:
            return RaceClock((self._begin(_MAIN) + timedelta(days=14),), 1)
        rng = random.Random(f"{self.seed} clock {slot}")
        opens, closes = self._begin(_MAIN), self._begin(_AFTER)
        late = timedelta(minutes=2)  # longer than a reservation may be open, so that others settle it as an orphan
        walks = (
            (closes - late, closes + late),
            (closes - late, closes + late, closes - late),
            (opens - late, opens + late, closes + late),
            (closes + late, opens - late),
        )
        return RaceClock(rng.choice(walks), rng.randint(1, 60))

    def long_after(self) -> RaceClock:
        """When everything of this race is over."""
        return RaceClock((self._begin(_AFTER) + timedelta(days=20),), 1)

    def settings(self) -> Settings:
        """What the operator has set."""
        return Settings(
            budget_usd=self.budget_microusd / 1_000_000,
            price_input_usd=self.input_usd,
            price_output_usd=self.output_usd,
            openai_api_key="k" if self.host else None,
            openai_base_url=self.host,
            max_output_tokens=64 if self.host else 600,
            first_token_s=40.0,
            deadline_s=45.0,
            grounding=False,
        )

    def open_budget(self, store: Store, clock: RaceClock) -> Budget:
        """The budget as one process sees it."""
        return Budget(store, clock, self.settings())

    def _begin(self, month: int) -> datetime:
        year, number = map(int, self.months[month].split("-"))
        return datetime(year, number, 1, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)


@dataclass(slots=True)
class Outcome:
    """What one or several races did. Amounts in microdollars; all in the first group must be 0.

    overshoot            the most by which spent and reserved exceeded a month's budget at any row of the ledger
    billed_above_budget  the same for what the model's host would bill
    billed_above_ledger  billed, but not in the ledger
    cost_nothing         calls that were made and cost nothing in the ledger
    host_disagrees       calls of which the host and the ledger say different tokens or amounts
    left_open            reserved after everything was settled
    """

    overshoot: int = 0
    billed_above_budget: int = 0
    billed_above_ledger: int = 0
    cost_nothing: int = 0
    host_disagrees: int = 0
    left_open: int = 0
    differences: list[str] = field(default_factory=list)  # between the ledger and the running totals; must be empty

    races: int = 0
    closest: float = 0.0  # the largest share of a budget that was in use at once
    completed: int = 0  # calls through the real client whose usage both know, and what they cost
    completed_at_host_microusd: int = 0
    completed_in_ledger_microusd: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Take in another one."""
        for name in ("overshoot", "billed_above_budget", "billed_above_ledger", "closest"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        for name in ("cost_nothing", "host_disagrees", "left_open", "races", "completed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.completed_at_host_microusd += other.completed_at_host_microusd
        self.completed_in_ledger_microusd += other.completed_in_ledger_microusd
        self.differences += other.differences
        self.calls += other.calls
        self.kinds += other.kinds

    @property
    def holds(self) -> bool:
        """Whether the invariant held everywhere."""
        return not (
            self.overshoot
            or self.billed_above_budget
            or self.billed_above_ledger
            or self.cost_nothing
            or self.host_disagrees
            or self.left_open
            or self.differences
            or self.completed_at_host_microusd != self.completed_in_ledger_microusd
        )
