"""What works at this moment, as the parts themselves know it: every rung of the ladder, the database, Redis. No paid call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from okichat.errors import SourceUnavailable, StoreUnavailable
from okichat.knowledge.findings import Findings
from okichat.knowledge.search import Search
from okichat.money.budget import Budget
from okichat.money.prices import price_of
from okichat.monitoring.summary import Summary
from okichat.question import Question
from okichat.settings import Settings
from okichat.sources.chain import Chain
from okichat.sources.gpt import Gpt
from okichat.sources.source import AnswerSource
from okichat.storage.engine import Store
from okichat.storage.functions import server_version
from okichat.storage.schema import version_of

UNPAID = "budget_or_price"
_TRIED = "Bonjour, quels sont vos tarifs ?"


@dataclass(frozen=True, slots=True)
class State:
    """`why` it does not work is a stable word; `until` when that ends by itself, None where nobody knows or a human must act.

    is_pause  the model failed, and `why` is the kind of that fault
    """

    works: bool
    why: str = ""
    until: datetime | None = None
    is_pause: bool = False


@dataclass(frozen=True, slots=True)
class StoreState:
    """The database: `version` of its server, and the one of our tables (None: there are none); or why it is away."""

    is_sqlite: bool
    works: bool
    why: str = ""
    version: str = ""
    tables: str | None = None


@dataclass(frozen=True)
class Health:
    """Asks the parts. Methods raise nothing."""

    settings: Settings
    store: Store
    budget: Budget
    summary: Summary
    search: Search
    chain: Chain
    gpt: Gpt
    redis_answers: Callable[[], bool]

    def rungs(self) -> dict[str, State]:
        """The sources by name, in the order in which they are asked. Those that cost nothing are tried."""
        question = Question(_TRIED, self.settings.locale)
        findings = self.search.find(question)
        return {
            source.name: self.gpt_state() if source is self.gpt else _tried(source, question, findings)
            for source in self.chain.sources
        }

    def gpt_state(self) -> State:
        """Whether the next question would go to the model; want of money, or of a price for it, is UNPAID."""
        if self.gpt.off_because is not None:
            return State(False, self.gpt.off_because)
        if pause := self.gpt.pause():
            return State(False, pause.cause, pause.until, is_pause=True)
        return State(True) if self.gpt.available() else State(False, UNPAID)

    def gpt_state_in_detail(self) -> State:
        """The same, and in place of UNPAID `price`, `store`, `day` or `budget`, for which the database is asked."""
        state = self.gpt_state()
        return self._unpaid() if state.why == UNPAID else state

    def store_state(self) -> StoreState:
        """Asks it."""
        try:
            with self.store.read() as connection:
                version, tables = server_version(connection), version_of(connection)
        except StoreUnavailable as error:
            return StoreState(self.store.is_sqlite, False, str(error))
        return StoreState(self.store.is_sqlite, True, "", version, tables)

    def redis_state(self) -> State | None:
        """Asks it; None where none is set."""
        if not self.settings.redis_url:
            return None
        return State(True) if self.redis_answers() else State(False, "no_answer")

    def _unpaid(self) -> State:
        if price_of(self.settings.openai_model, self.settings) is None:
            return State(False, "price")
        try:
            month = self.budget.month()
        except StoreUnavailable:
            return State(False, "store")
        if month.today_microusd < month.left_microusd:
            return State(False, "day", self.summary.bounds(self.summary.today)[1])
        return State(False, "budget", month.resets_at)


def _tried(source: AnswerSource, question: Question, findings: Findings) -> State:
    """Asks it a question whose answer nobody reads; that it passes is no fault."""
    try:
        for _ in source.answer(question, findings):
            pass
    except SourceUnavailable:
        pass
    except Exception as error:  # whatever it is, it is what the probe asks for
        return State(False, type(error).__name__)
    return State(True)
