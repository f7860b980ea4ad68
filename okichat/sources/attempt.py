"""How a model is asked: which model, in which dialect of the protocol, with or without what came before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from okichat.sources.paid_call import PaidCall

_TAKES_EFFORT = ("gpt-6", "gpt-5.4", "gpt-5.6")
_FLAG_OF_PARAMETER = {
    "stream_options": "usage_in_stream",
    "reasoning_effort": "effort",
    "service_tier": "tier",
    "max_completion_tokens": "completion_cap",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands beside the core of the protocol.

    `tier` names the plain one to OpenAI's own host, where a project may have set another that costs double."""

    usage_in_stream: bool = True
    effort: bool = True
    tier: bool = False
    completion_cap: bool = True

    def plainer(self, refused: str | None) -> Dialect | None:
        """Without the parameter that was refused, or without the least common one left; None when all are gone."""
        left = [flag for flag in _FLAG_OF_PARAMETER.values() if getattr(self, flag)]
        flag = _FLAG_OF_PARAMETER.get(refused or "")
        if flag not in left:
            flag = left[0] if left else None
        return replace(self, **{flag: False}) if flag else None

    def parameters(self, call: PaidCall) -> dict[str, Any]:
        """What the client sends for `call`."""
        cap = "max_completion_tokens" if self.completion_cap else "max_tokens"
        parameters: dict[str, Any] = {"model": call.model, "messages": list(call.messages), "stream": True}
        parameters[cap] = call.limits.max_output_tokens
        if self.usage_in_stream:
            parameters["stream_options"] = {"include_usage": True}
        if self.effort and call.model.startswith(_TAKES_EFFORT):
            parameters["reasoning_effort"] = "none"
        if self.tier:
            parameters["service_tier"] = "default"
        return parameters


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to ask; after a fault that has a remedy, the next one asks otherwise."""

    model: str
    dialect: Dialect
    with_history: bool
    may_retry: bool = True
