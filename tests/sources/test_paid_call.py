"""The money of one call, chunk by chunk."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from okichat.money.budget import Budget
from okichat.settings import Settings
from okichat.sources.callers import Callers
from okichat.sources.completion import Chunk, ReportedUsage
from okichat.sources.paid_call import Limits, PaidCall
from okichat.sources.relay import Abort
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock
from tests.waiting import PATIENCE_S


@pytest.fixture
def call(store: Store, clock: StoppedClock) -> PaidCall:
    """A token costs a microdollar, and there are enough of them."""
    settings = Settings(
        openai_model="model", openai_api_key="k", price_input_usd=1.0, price_output_usd=1.0, budget_usd=1.0
    )
    limits = Limits(PATIENCE_S, PATIENCE_S, 500)
    messages = [{"role": "user", "content": "Quels sont vos tarifs ?"}]
    return PaidCall(Budget(store, clock, settings), "question", "model", messages, limits, Callers())


def test_what_the_host_says_was_used_counts_also_when_its_last_word_comes_later(call: PaidCall) -> None:
    shown = threading.Event()

    def produce(_abort: Abort) -> Iterator[Chunk]:
        yield Chunk("Oui.", usage=ReportedUsage(30, 0, 2))
        shown.wait(PATIENCE_S)  # else the two would come as one
        yield Chunk(is_last=True)

    for chunk in call.chunks(produce):
        if chunk is not None:
            shown.set()

    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.output_tokens) == (30, 2)
    assert call.budget.month().spent_microusd == 32
