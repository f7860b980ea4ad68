"""What a month will probably cost: so many conversations, so many tokens each, at the dated price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from okichat.money.prices import Price
from okichat.storage.engine import Store
from okichat.storage.tables import turns

ASSUMED_ANSWER_TOKENS = 120  # four sentences, which is what the prompt asks for
_LEAST_ANSWERS = 20

# What the first version of this chat was said to cost, in dollars, for so many conversations of three questions.
REFERENCE_USD = {500: 0.30, 2000: 1.20, 5000: 3.00}


@dataclass(frozen=True, slots=True)
class RecentUse:
    """How GPT's answers were used lately.

    answers        those that were paid, and those given again from the cache
    hit_rate       the share of them that was given again; None where there are too few to tell
    answer_tokens  the average length of a paid one; None likewise
    """

    answers: int
    hit_rate: float | None
    answer_tokens: int | None


@dataclass(frozen=True, slots=True)
class MonthForecast:
    """One line of the table."""

    conversations: int
    dollars: float
    reference_usd: float


def recent_use(store: Store, since: datetime) -> RecentUse:
    """What the turns since then tell. Raises StoreUnavailable."""
    query = (
        select(turns.c.answered_by, func.count(), func.avg(turns.c.output_tokens))
        .where(turns.c.asked_at >= since, turns.c.answered_by.in_(("gpt", "cache")))
        .group_by(turns.c.answered_by)
    )
    with store.read() as connection:
        found = {rung: (count, tokens) for rung, count, tokens in connection.execute(query)}
    paid, tokens = found.get("gpt", (0, None))
    cached, _ = found.get("cache", (0, None))
    enough = paid + cached >= _LEAST_ANSWERS
    return RecentUse(
        answers=paid + cached,
        hit_rate=cached / (paid + cached) if enough else None,
        answer_tokens=round(tokens) if paid >= _LEAST_ANSWERS and tokens else None,
    )


def conversation_usd(price: Price, prompt_tokens: float, answer_tokens: float, hit_rate: float) -> float:
    """What one conversation costs, in dollars; nothing of its prompts is taken to be in the host's prompt cache."""
    paid = price.input_usd * prompt_tokens + price.output_usd * answer_tokens
    return paid * (1 - hit_rate) / 1_000_000


def monthly_table(usd_a_conversation: float) -> list[MonthForecast]:
    """The cost of a month for each number of conversations of the reference, beside it."""
    return [MonthForecast(count, usd_a_conversation * count, reference) for count, reference in REFERENCE_USD.items()]
