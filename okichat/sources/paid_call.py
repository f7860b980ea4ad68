"""One model call with its money: reserved before, settled after, whatever happens in between."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from okichat.answer import Usage
from okichat.money.budget import Budget
from okichat.money.estimate import worst_case_tokens
from okichat.sources.callers import Callers
from okichat.sources.completion import Chunk, ReportedUsage
from okichat.sources.faults import ModelFault
from okichat.sources.prompt import Message
from okichat.sources.relay import Abort, Relay


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one call may take."""

    first_token_s: float
    deadline_s: float
    max_output_tokens: int


@dataclass
class PaidCall:
    """Chunks of one call. After the end, `usage` says what it cost; None where it cost nothing."""

    budget: Budget
    question_id: str
    model: str
    messages: Sequence[Message]
    limits: Limits
    callers: Callers
    usage: Usage | None = field(default=None, init=False)

    def chunks(self, produce: Callable[[Abort], Iterator[Chunk]]) -> Iterator[Chunk | None]:
        """What `produce` yields, and None while nothing comes. Closing this iterator ends the call and settles it.

        Raises BudgetSpent, PriceUnknown or LedgerUnavailable before the call, else what `produce` or the deadline raise."""
        bound = worst_case_tokens(self.messages)
        reservation = self.budget.reserve(self.question_id, self.model, bound, self.limits.max_output_tokens)
        reported: ReportedUsage | None = None
        unbilled = False
        try:
            relay = Relay(produce, lambda chunk: chunk.is_last, operator.add, self.callers)
            for chunk in relay.items(self.limits.first_token_s, self.limits.deadline_s):
                if chunk is not None and chunk.usage is not None:
                    reported = chunk.usage
                yield chunk
        except ModelFault as fault:
            unbilled = fault.unbilled
            raise
        finally:
            if unbilled:
                self.budget.release(reservation)
            elif reported is not None:
                self.usage = self.budget.settle(
                    reservation,
                    input_tokens=reported.input_tokens,
                    cached_input_tokens=reported.cached_input_tokens,
                    output_tokens=reported.output_tokens,
                    cache_write_tokens=reported.cache_write_tokens,
                )
            else:
                self.usage = self.budget.keep(reservation)
