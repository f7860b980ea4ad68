"""What a server that knows less of the protocol is asked without."""

from __future__ import annotations

from typing import cast

import pytest

from okichat.sources.attempt import Dialect
from okichat.sources.paid_call import Limits, PaidCall


class Call:
    """As much of a paid call as its parameters are made of."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.messages = [{"role": "user", "content": "Vos tarifs ?"}]
        self.limits = Limits(4.0, 12.0, 300)


def parameters(dialect: Dialect, model: str = "gpt-6-luna") -> dict[str, object]:
    return dialect.parameters(cast(PaidCall, Call(model)))


def test_the_parameter_that_was_refused_is_left_out() -> None:
    plainer = Dialect().plainer("reasoning_effort")

    assert plainer is not None
    assert "reasoning_effort" in parameters(Dialect())
    assert "reasoning_effort" not in parameters(plainer)
    assert "stream_options" in parameters(plainer)


def test_where_the_server_names_none_the_least_common_goes_first_until_all_are_gone() -> None:
    dialect = Dialect(tier=True)
    left_out = []
    while plainer := dialect.plainer("something_else"):
        left_out.append(sorted(set(parameters(Dialect(tier=True))) - set(parameters(plainer))))
        dialect = plainer

    assert left_out[0] == ["stream_options"]
    assert left_out[-1] == ["max_completion_tokens", "reasoning_effort", "service_tier", "stream_options"]
    assert len(left_out) == 4


@pytest.mark.parametrize(
    ("model", "is_told"), [("gpt-6-luna", True), ("gpt-5.4-mini", True), ("mistral-small-latest", False)]
)
def test_only_models_that_think_are_told_not_to(model: str, is_told: bool) -> None:
    assert ("reasoning_effort" in parameters(Dialect(), model)) is is_told
