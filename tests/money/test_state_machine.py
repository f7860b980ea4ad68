"""The invariant under every order of events that hypothesis can think of: crashes, wrong clocks, changed budgets included."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from okichat.money.budget import Budget
from okichat.money.month import month_of
from okichat.money.reservation import BudgetSpent, Reservation
from okichat.settings import Settings
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import balances
from tests.doubles.clock import StoppedClock

DEADLINE_S = 10.0
ORPHAN_AFTER = timedelta(seconds=DEADLINE_S + 60)


@pytest.fixture(scope="module", autouse=True)
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database with its tables, which each example gets a copy of."""
    path = tmp_path_factory.mktemp("money") / "okichat.db"
    store = Store(f"sqlite:///{path}")
    schema.prepare(store)
    store.close()
    Money.migrated_file = path


class Money(RuleBasedStateMachine):
    """Beside the budget runs a plain model of it: what each month has spent, and which reservations are open."""

    migrated_file: Path
    reservations = Bundle("reservations")

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="okichat-test-"))
        shutil.copy(self.migrated_file, self.folder / "okichat.db")
        self.clock = StoppedClock(datetime(2026, 11, 22, 10, 0, tzinfo=UTC))
        self.budget_usd = 0.01
        self.spent: dict[str, int] = {}
        self.open: dict[str, tuple[Reservation, datetime]] = {}
        self.open_store()

    def open_store(self) -> None:
        self.store = Store(f"sqlite:///{self.folder}/okichat.db")
        settings = Settings(
            budget_usd=self.budget_usd, deadline_s=DEADLINE_S, price_input_usd=1.0, price_output_usd=1.0
        )
        self.budget = Budget(self.store, self.clock, settings)

    def used(self, month: str) -> int:
        reserved = sum(held.amount_microusd for held, _ in self.open.values() if held.month == month)
        return self.spent.get(month, 0) + reserved

    def end(self, reservation: Reservation, cost: int) -> None:
        if self.open.pop(reservation.id, None) is not None:
            self.spent[reservation.month] = self.spent.get(reservation.month, 0) + cost

    @rule(target=reservations, tokens=st.integers(0, 6000), output=st.integers(0, 3000))
    def reserve(self, tokens: int, output: int) -> object:
        month, limit = self.budget.month().month, round(self.budget_usd * 1_000_000)
        fits = limit > 0 and (tokens + output == 0 or self.used(month) + tokens + output <= limit)
        try:
            reservation = self.budget.reserve("request", "model", tokens, output)
        except BudgetSpent:
            assert not fits
            return multiple()
        assert fits
        assert (reservation.month, reservation.amount_microusd) == (month, tokens + output)
        self.open[reservation.id] = (reservation, self.clock.now())
        return reservation

    @rule(reservation=reservations, share_in=st.floats(0, 1), output=st.integers(0, 100))
    def settle(self, reservation: Reservation, share_in: float, output: int) -> None:
        tokens = int(reservation.amount_microusd * share_in)
        output = min(output, reservation.amount_microusd - tokens)
        self.budget.settle(reservation, input_tokens=tokens, cached_input_tokens=0, output_tokens=output)
        self.end(reservation, tokens + output if tokens else reservation.amount_microusd)

    @rule(reservation=reservations)
    def keep(self, reservation: Reservation) -> None:
        self.budget.keep(reservation)
        self.end(reservation, reservation.amount_microusd)

    @rule(reservation=reservations)
    def release(self, reservation: Reservation) -> None:
        self.budget.release(reservation)
        self.end(reservation, 0)

    @rule(lost=consumes(reservations))
    def crash(self, lost: Reservation) -> None:
        """The process dies with a call under way: nobody will ever end that one."""
        self.store.close()
        self.open_store()

    @rule()
    def settle_orphans(self) -> None:
        old = [held for held, made_at in self.open.values() if made_at < self.clock.now() - ORPHAN_AFTER]
        assert self.budget.settle_orphans() == len(old)
        for held in old:
            self.end(held, held.amount_microusd)

    @rule(hours=st.one_of(st.integers(0, 2), st.integers(-1000, 1000)))
    def the_clock_moves(self, hours: int) -> None:
        self.clock.forward(hours=hours, seconds=1)

    @rule(budget_usd=st.sampled_from([0, 0.002, 0.01, 0.02]))
    def the_owner_changes_the_budget(self, budget_usd: float) -> None:
        self.budget_usd = budget_usd
        self.store.close()
        self.open_store()

    @rule(amount=st.integers(-500, 500))
    def the_owner_corrects(self, amount: int) -> None:
        month = self.budget.month().month
        self.budget.correct(amount, "a correction")
        self.spent[month] = self.spent.get(month, 0) + amount

    @rule()
    def the_owner_mends_the_clock(self) -> None:
        here = month_of(self.clock.now(), "Europe/Paris")
        for later in self.budget.trust_clock("the clock was wrong"):
            assert later > here
            self.spent[here] = self.spent.get(here, 0) + self.spent.pop(later, 0)

    @invariant()
    def the_balances_are_what_happened(self) -> None:
        with self.store.read() as connection:
            rows = connection.execute(balances.select()).all()
        assert {row.month: row.spent_microusd + row.reserved_microusd for row in rows} == {
            row.month: self.used(row.month) for row in rows
        }
        assert sum(self.spent.values()) == sum(row.spent_microusd for row in rows)

    @invariant()
    def the_ledger_agrees(self) -> None:
        assert self.budget.verify() == []

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestMoney = Money.TestCase
TestMoney.settings = hypothesis_settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
