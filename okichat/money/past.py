"""What earlier months have cost, by model, as the ledger says."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from okichat.storage.engine import Store
from okichat.storage.tables import ledger

CORRECTION = "(correction)"


@dataclass(frozen=True, slots=True)
class ModelMonth:
    """One model in one month ("2026-11"). `calls` are those that were paid; corrections stand under CORRECTION."""

    month: str
    model: str
    calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    spent_usd: float


def past_months(store: Store, months: int) -> list[ModelMonth]:
    """The last so many months in which something was paid, the newest first. Raises StoreUnavailable."""
    columns = ledger.c
    tokens = [columns.input_tokens, columns.cached_input_tokens, columns.output_tokens]
    sums = [func.coalesce(func.sum(column), 0) for column in (*tokens, columns.spent_change_microusd)]
    calls = func.sum(case((columns.kind == "settle", 1), else_=0))
    paid = columns.kind.in_(("settle", "correct"))
    newest = select(columns.month).where(paid).distinct().order_by(columns.month.desc()).limit(months)
    query = (
        select(columns.month, columns.model, calls, *sums)
        .where(paid, columns.month.in_(newest))
        .group_by(columns.month, columns.model)
        .order_by(columns.month.desc(), columns.model)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        ModelMonth(month, model or CORRECTION, int(count), int(read), int(cached), int(written), int(microusd) / 1e6)
        for month, model, count, read, cached, written, microusd in rows
    ]
