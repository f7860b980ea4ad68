"""The budget: at every instant, what is spent and what calls under way can cost at most is not more than the month's money.

Before a call its worst case is reserved, after it the real cost is settled. A reservation stands, as spent, when nobody knows
what the call used. All amounts are whole millionths of a US dollar (`_microusd`); the statements are in ledger.py."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import Connection

from okichat.answer import Usage
from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.money import ledger
from okichat.money.badge import Badge
from okichat.money.month import MonthSummary, allowed_microusd, day_in, month_of, summary_of
from okichat.money.prices import Price, price_of
from okichat.money.reservation import BudgetSpent, LedgerUnavailable, PriceUnknown, Reservation
from okichat.settings import Settings
from okichat.storage.deeds import Deed
from okichat.storage.engine import Store

log = logging.getLogger("okichat.money")

# A call that has not been settled this long after its deadline will not be: its process is gone.
_ORPHAN_MARGIN = timedelta(seconds=60)


class Budget:
    """One month's money after another. Safe with many threads, processes and machines on the same store."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._budget_microusd = int((Decimal(str(settings.budget_usd)) * 1_000_000).to_integral_value(ROUND_FLOOR))
        self._badge = Badge(clock, lambda: self._can_spend(self._balance))
        # Called when a call was settled, or refused for want of money; must be quick and must not raise.
        self.after_change: Callable[[], object] = lambda: None

    def reserve(self, request_id: str, model: str, prompt_tokens_bound: int, output_tokens_cap: int) -> Reservation:
        """Set aside the most that one call can cost, before making it.

        Raises BudgetSpent, PriceUnknown or LedgerUnavailable, and then the call must not be made."""
        price = price_of(model, self._settings)
        if price is None:
            raise PriceUnknown(model)
        if price.flat_up_to_tokens is not None and prompt_tokens_bound > price.flat_up_to_tokens:
            raise PriceUnknown(f"{model} costs more for a prompt of up to {prompt_tokens_bound} tokens")
        if self._budget_microusd == 0:
            raise BudgetSpent("the budget is 0")
        amount = price.worst_case_microusd(prompt_tokens_bound, output_tokens_cap)
        reservation_id = secrets.token_hex(16)
        try:
            claimed = self._claim(reservation_id, request_id, model, price, amount)
        except StoreUnavailable as error:
            raise LedgerUnavailable(str(error)) from error
        if claimed is None:
            self._badge.forget()
            self.after_change()
            raise BudgetSpent
        self._badge.learn(self._can_spend(lambda: claimed))
        return Reservation(reservation_id, claimed.month, request_id, model, price, amount)

    def settle(
        self,
        reservation: Reservation,
        *,
        input_tokens: int,
        cached_input_tokens: int,
        output_tokens: int,
        cache_write_tokens: int = 0,
    ) -> Usage:
        """Replace a reservation by what the call really used. Settling again changes nothing.

        A server that reports no input tokens has not counted: then the reservation stands, as with `keep`. Raises nothing:
        when the ledger cannot be written the reservation stands too, until `settle_orphans`. Within `Store.gathering` it is
        written with what is written next; whoever reads the ledger in this process finds it written."""
        if input_tokens <= 0 or min(cached_input_tokens, output_tokens, cache_write_tokens) < 0:
            return self.keep(reservation)
        cost = reservation.price.cost_microusd(input_tokens, cached_input_tokens, output_tokens, cache_write_tokens)
        excess = cost - reservation.amount_microusd
        if excess > 0:
            # The money is gone, so the truth is written, even if the month then exceeds its budget: no further call is made.
            log.error("%s cost %s microdollars more than was reserved for it", reservation.model, excess)
        tokens = (input_tokens, cached_input_tokens, output_tokens)
        note = f"{excess} microdollars above the reservation" if excess > 0 else None
        self._close(reservation, "settle", cost, tokens, note)
        return Usage(reservation.model, *tokens, cost)

    def keep(self, reservation: Reservation) -> Usage:
        """Count the whole reservation as spent: the call was made, and what it used is not known. Raises nothing."""
        self._close(reservation, "settle", None, None, "usage unknown")
        return Usage(reservation.model, 0, 0, 0, reservation.amount_microusd)

    def release(self, reservation: Reservation) -> None:
        """Give the reservation back: nothing was sent, or nothing was done for it. Raises nothing."""
        self._close(reservation, "release", 0, None, None)

    def settle_orphans(self) -> int:
        """Count as spent what was reserved by processes that are gone; gives how many. Call it at start and now and then.

        Raises StoreUnavailable."""
        now = self._clock.now()
        with self._store.read() as connection:
            found = ledger.orphans(connection, now - timedelta(seconds=self._settings.deadline_s) - _ORPHAN_MARGIN)
        settled = 0
        for reservation_id in found:  # one transaction each, so that a visitor never waits for many
            with self._store.write() as connection:
                settled += ledger.close(connection, reservation_id, "settle", now, note="orphan") is not None
        self._badge.forget()
        return settled

    def month(self) -> MonthSummary:
        """This month's figures. Raises StoreUnavailable."""
        balance, now = self._balance(), self._clock.now()
        allowed = self._allowed(balance.month, now)
        return summary_of(balance, self._budget_microusd, allowed, now, self._settings.timezone)

    def can_spend(self) -> bool:
        """Whether the next call would probably be paid, for the badge; up to a second old. Raises nothing."""
        return self._badge.can_spend()

    def verify(self, since: str = "") -> list[str]:
        """Add up the ledger, of the months from `since` ("2026-11") on or all of it, and compare it with the running totals: one
        line for each difference. Raises StoreUnavailable."""
        with self._store.read() as connection:
            return ledger.differences(connection, since)

    def correct(self, amount_microusd: int, why: str) -> None:
        """Add to what this month has spent, or take from it, with the reason; e.g. after a look at the host's invoice.

        Raises StoreUnavailable."""
        now = self._clock.now()
        with self._store.write(durable=True) as connection:
            month = ledger.open_month(connection, self._clock_month(now)).month
            ledger.correct(connection, month, now, amount_microusd, why)
        self._badge.forget()

    def trust_clock(self, why: str) -> list[str]:
        """Count what months that have not begun yet have spent in the month it really is; gives those months.

        For the owner, after the clock was ahead and has been mended (`usage --trust-clock`): until then the later month goes on,
        because nobody else knows which of the two times was wrong. Raises StoreUnavailable."""
        now = self._clock.now()
        with self._store.write(durable=True) as connection:
            closed = ledger.move_later_months(connection, self._clock_month(now), now, why)
        self._badge.forget()
        return closed

    def _claim(
        self, reservation_id: str, request_id: str, model: str, price: Price, amount_microusd: int
    ) -> ledger.Balance | None:
        """The month the amount was taken from, as it stands now; None if it has not that much left."""
        now = self._clock.now()
        # Durable, because the call is paid from here on: after a power loss this row must still stand. The settlement need
        # not be: where it is lost, the reservation counts as spent.
        with self._store.write(durable=True) as connection:
            balance = ledger.open_month(connection, self._clock_month(now))
            allowed = self._allowed(balance.month, now)
            # The look at the balance spares a spent month the write; only the claim decides that there is money.
            is_spent = amount_microusd > 0 and balance.used_microusd + amount_microusd > allowed
            if is_spent or not ledger.claim(connection, balance.month, amount_microusd, allowed):
                ledger.note_refusal(connection, balance, amount_microusd, allowed)
                return None
            row = {
                "id": reservation_id,
                "made_at": now,
                "month": balance.month,
                "request": request_id[:64],
                "model": model[:128],
                "price_version": price.version,
                "amount_microusd": amount_microusd,
            }
            ledger.write_reservation(connection, row)
        return replace(balance, reserved_microusd=balance.reserved_microusd + amount_microusd)

    def _close(
        self,
        reservation: Reservation,
        kind: str,
        spent_microusd: int | None,
        tokens: tuple[int, int, int] | None,
        note: str | None,
    ) -> None:
        now = self._clock.now()

        def close(connection: Connection) -> None:
            ledger.close(connection, reservation.id, kind, now, spent_microusd=spent_microusd, tokens=tokens, note=note)

        def after(error: StoreUnavailable | None) -> None:
            if error is not None:
                log.warning("could not %s a reservation, it counts as spent: %s", kind, error)
            self.after_change()

        if spent_microusd is None or spent_microusd <= reservation.amount_microusd:
            self._store.do_soon(Deed(close, after))
            self._badge.gained()
            return
        try:  # durable, because without this row less would count as spent than was
            with self._store.write(durable=True, insist=True) as connection:
                close(connection)
            after(None)
        except StoreUnavailable as error:
            after(error)
        self._badge.forget()

    def _balance(self) -> ledger.Balance:
        with self._store.read() as connection:
            month = self._clock_month(self._clock.now())
            return ledger.latest_balance(connection, month) or ledger.Balance(month)

    def _clock_month(self, now: datetime) -> str:
        return month_of(now, self._settings.timezone)

    def _allowed(self, month: str, now: datetime) -> int:
        day = day_in(month, now, self._settings.timezone)
        return allowed_microusd(self._budget_microusd, day, by_day=self._settings.daily_share)

    def _can_spend(self, balance_now: Callable[[], ledger.Balance]) -> bool:
        price = price_of(self._settings.openai_model, self._settings)
        if price is None or self._budget_microusd == 0:
            return False
        balance = balance_now()
        if price.worst_case_microusd(1, 1) == 0:
            return True
        least = 1 if balance.refused_microusd is None else balance.refused_microusd
        return balance.used_microusd + least <= self._allowed(balance.month, self._clock.now())
