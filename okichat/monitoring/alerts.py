"""What the operator must hear of, noticed: the budget, the model's host, the ledger. Each once, and once when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from okichat.clock import Clock
from okichat.contact.channels import ChannelFailed, Letter
from okichat.errors import StoreUnavailable
from okichat.money.budget import Budget
from okichat.money.month import MonthSummary
from okichat.money.prices import price_of
from okichat.monitoring.alert_book import OPEN, Alert, AlertBook, Facts
from okichat.monitoring.alert_post import AlertPost
from okichat.monitoring.journal import Fact, Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import ledger

MODEL_FAULTS = ("quota", "key", "model_gone")
# Calls that began before the fault may still end well after it.
_PROOF_OF_LIFE_AFTER = timedelta(seconds=60)
_SAME_OUTAGE_S = 600


class Alerts:
    """Notices and sends. Safe in several processes on one store."""

    def __init__(
        self,
        book: AlertBook,
        post: AlertPost,
        budget: Budget,
        store: Store,
        journal: Journal,
        clock: Clock,
        settings: Settings,
        *,
        is_first: Callable[[str, int], bool] | None = None,
    ) -> None:
        """`is_first`: how processes agree while the store is away (RedisShelf.is_first); None where there is one process."""
        self._book = book
        self._post = post
        self._budget = budget
        self._store = store
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._is_first = is_first
        self._lock = threading.Lock()
        self._at_it = threading.Lock()  # whoever comes second finds it done
        self._heard: list[tuple[str, str]] = []  # what the journal told since the last look: event or reason, model
        self._known: set[tuple[str, str]] = set()  # budget alerts this process need not look for again
        self._budget_is_new = True  # perhaps: it changes with a restart
        self._act: Callable[[], object] | None = None
        self._store_away: Alert | None = None
        self._told_that_away = False

    def hear(self, name: str, facts: dict[str, Fact]) -> None:
        """Listen to the journal; the next look deals with it."""
        reason = facts.get("reason") if name == "model_fault" else name
        if reason in (*MODEL_FAULTS, "model_recovered"):
            with self._lock:
                self._heard.append((str(reason), str(facts.get("model", ""))))
            if self._act:
                self._act()

    def on_news(self, act: Callable[[], object]) -> None:
        """Call `act`, which must be quick, when something was heard that is worth a look."""
        self._act = act

    def look(self) -> None:
        """Notice what is new and send what is due. To be called now and then, and soon after money was spent."""
        with self._at_it:
            self._look()

    def _look(self) -> None:
        try:
            month = self._month()
        except StoreUnavailable as error:
            self._say_that_store_is_away(error)
            return
        self._say_that_store_is_back()
        self._look_at_budget(month)
        self._deal_with_heard()
        self._look_at_prices()
        self._look_for_proof_of_life()
        self._send_due()

    @property
    def has_channel(self) -> bool:
        """Whether alerts can be sent; without a channel they are only noted."""
        return bool(self._post.channels)

    def try_out(self) -> list[tuple[str, str | None]]:
        """Send a test through every channel: its name, and why it failed or None."""
        return self._post.try_out(self._clock.now())

    def newest(self, limit: int) -> list[Alert]:
        """The last alerts, newest first. Raises StoreUnavailable."""
        return self._book.newest(limit)

    def in_words(self, alert: Alert) -> str:
        """Its sentence, in the language of the settings; of a letter the first line."""
        return self._post.letter(alert).text.partition("\n")[0]

    def lasting(self, month: str) -> list[Alert]:
        """What the operator still has to deal with, newest first. Raises StoreUnavailable."""
        return self._book.lasting(month)

    def tell_once(self, kind: str, period: str) -> bool:
        """Send something once in `period`, now or, where no channel takes it now, later; False if that was done before.

        Raises StoreUnavailable."""
        with self._at_it:
            is_new = self._book.raise_once(kind, "", period)
            if is_new:
                self._send_due()
        return is_new

    def is_sent(self, kind: str, period: str) -> bool:
        """Whether what is told once in `period` has been sent. Raises StoreUnavailable."""
        return self._book.is_sent(kind, period)

    def write_with(self, kind: str, write: Callable[[Alert], Letter]) -> None:
        """Let `write` put alerts of this kind into words; it may raise StoreUnavailable."""
        self._post.writers[kind] = write

    def _send_due(self) -> None:
        """Send what waits; what cannot be sent is kept and tried again later."""
        while self._post.channels and (alert := self._book.claim()):
            if self._send(alert):
                self._book.sent(alert)

    def _month(self) -> MonthSummary:
        try:
            return self._budget.month()
        except StoreUnavailable:
            return self._budget.month()  # one slow moment is no outage

    def _look_at_budget(self, month: MonthSummary) -> None:
        facts: Facts = {
            "spent_microusd": month.spent_microusd,
            "budget_microusd": month.budget_microusd,
            "resets_at": month.resets_at.isoformat(),
            "ends_on": month.ends_on.isoformat() if month.ends_on else None,
        }
        if month.budget_microusd and self._book.end_spent_months(month.month if 100 in month.crossed else None, facts):
            self._journal.event("alert", kind="budget_100_over")
        if self._budget_is_new:
            self._book.end_of_smaller_budget(month.month, month.budget_microusd)
            self._budget_is_new = False
        for percent in month.crossed:
            kind = f"budget_{percent}"
            if (kind, month.month) not in self._known:
                self._raise(kind, "", month.month, facts)
                self._known.add((kind, month.month))

    def _deal_with_heard(self) -> None:
        while self._heard:
            reason, model = self._heard[0]
            if reason in MODEL_FAULTS:
                self._raise(reason, model, OPEN)
            else:
                for kind in MODEL_FAULTS:
                    self._end(kind, model)
            with self._lock:
                del self._heard[0]

    def _look_at_prices(self) -> None:
        settings, unknown = self._settings, set()
        for model in (settings.openai_model, settings.openai_fallback_model):
            if model and settings.openai_api_key and price_of(model, settings) is None:
                unknown.add(model)
                self._raise("price_unknown", model, OPEN)
        for kind, subject, _ in self._book.open_episodes():
            if kind == "price_unknown" and subject not in unknown:
                self._end(kind, subject)

    def _look_for_proof_of_life(self) -> None:
        """A fault of a model is over when a call to it was paid since, in whatever process; e.g. after a restart."""
        for kind, model, raised_at in self._book.open_episodes():
            if kind in MODEL_FAULTS and self._was_paid(model, raised_at + _PROOF_OF_LIFE_AFTER):
                self._end(kind, model)

    def _was_paid(self, model: str, since: datetime) -> bool:
        paid = select(ledger.c.id).where(
            ledger.c.kind == "settle", ledger.c.model == model, ledger.c.at > since, ledger.c.input_tokens.is_not(None)
        )
        with self._store.read() as connection:
            return connection.execute(paid.limit(1)).first() is not None

    def _say_that_store_is_away(self, error: StoreUnavailable) -> None:
        """At once and once in this process: there is no store in which processes could agree."""
        if self._store_away is None:
            self._store_away = Alert("ledger", "", self._clock.now(), {})
            self._journal.event("alert", kind="ledger", cause=str(error))
            self._told_that_away = self._is_first is not None and not self._is_first("alert:ledger", _SAME_OUTAGE_S)
        if self._post.channels and not self._told_that_away:
            self._told_that_away = self._send(self._store_away)

    def _say_that_store_is_back(self) -> None:
        if self._store_away is None:
            return
        period = _bucket(self._clock.now())
        since = self._store_away.raised_at
        if not any(alert.kind == "ledger_over" and alert.raised_at >= since for alert in self._book.newest(20)):
            self._book.raise_once("ledger", "", period, state="sent" if self._told_that_away else None)
            if self._book.raise_once("ledger_over", "", period):
                self._journal.event("alert", kind="ledger_over")
        self._store_away, self._told_that_away = None, False

    def _raise(self, kind: str, subject: str, period: str, facts: Facts | None = None) -> None:
        if self._book.raise_once(kind, subject, period, facts):
            self._journal.event("alert", kind=kind, subject=subject)

    def _end(self, kind: str, subject: str) -> None:
        if self._book.end(kind, subject):
            self._journal.event("alert", kind=f"{kind}_over", subject=subject)

    def _send(self, alert: Alert) -> bool:
        try:
            self._post.send(alert)
        except ChannelFailed as failure:
            self._journal.event("alert_not_sent", kind=alert.kind, cause=failure.reason)
            return False
        return True


def _bucket(now: datetime) -> str:
    """The same for all processes that see the store come back within a few minutes."""
    return now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0).isoformat()
