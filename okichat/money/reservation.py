"""What one call may cost, set aside before it is made, and the three reasons why it is not made."""

from __future__ import annotations

from dataclasses import dataclass

from okichat.errors import SourceUnavailable
from okichat.money.prices import Price


class BudgetSpent(SourceUnavailable):
    """The worst case of a call is more than what is left of the month, or with OKICHAT_DAILY_SHARE of the day."""

    reason = "budget_spent"
    notice = "budget_spent"


class PriceUnknown(SourceUnavailable):
    """Nobody knows what a call to this model costs; the start-up warning names the mend."""

    reason = "price_unknown"
    notice = "model_unavailable"


class LedgerUnavailable(SourceUnavailable):
    """The ledger cannot be read or written just now, so nobody knows what is left."""

    reason = "ledger_unavailable"
    notice = "model_unavailable"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may cost at most, set aside in the month in which it was made."""

    id: str
    month: str
    request_id: str
    model: str
    price: Price
    amount_microusd: int
