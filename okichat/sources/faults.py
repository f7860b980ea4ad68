"""What can go wrong with a model call, by class: decided by status and code, never by reading text."""

from __future__ import annotations

from dataclasses import dataclass

from okichat.errors import SourceUnavailable


class ModelFault(SourceUnavailable):
    """A model call went wrong. `unbilled`: the server has certainly charged nothing for it."""

    def __init__(self, reason: str, detail: str, *, unbilled: bool, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.unbilled = unbilled
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What one class of fault means: the visitor's notice, the pause of the model, whether one failure is enough for it."""

    notice: str | None
    cool_down_s: float
    opens_at_once: bool = False
    retried: bool = False


FAULTS = {
    "key": FaultKind("model_unavailable", 600, opens_at_once=True),
    "model_gone": FaultKind("model_unavailable", 600, opens_at_once=True),
    "quota": FaultKind("quota", 900, opens_at_once=True),
    "rate": FaultKind("rate_limited", 20, opens_at_once=True),
    "context": FaultKind("model_unavailable", 0),
    "request": FaultKind("model_unavailable", 60),
    "filtered": FaultKind(None, 0),
    "server": FaultKind("model_unavailable", 30, retried=True),
    "network": FaultKind("model_unavailable", 30, retried=True),
    "protocol": FaultKind("model_unavailable", 30),
    "timeout_first_word": FaultKind("timeout", 30),
    "timeout": FaultKind("timeout", 30),
}
_REASON_OF_STATUS = {
    400: "request",
    401: "key",
    403: "key",
    404: "model_gone",
    413: "context",
    422: "request",
    429: "rate",
}
_REASON_OF_CODE = {
    "insufficient_quota": "quota",
    "billing_hard_limit_reached": "quota",
    "invalid_api_key": "key",
    "model_not_found": "model_gone",
    "context_length_exceeded": "context",
    "rate_limit_exceeded": "rate",
    "content_filter": "filtered",
}
_TRY_AGAIN_LATER = (408, 409)
_LONGEST_RETRY_AFTER_S = 3600.0


def reason_of_code(code: str | None) -> str | None:
    """The class of an error that a server names, None for a name that tells nothing."""
    return _REASON_OF_CODE.get(code or "")


def refusal(status: int, code: str | None, parameter: str | None, wait_s: float | None) -> ModelFault:
    """The fault of a request that was refused, because of `parameter` where the server names one."""
    by_status = "server" if status >= 500 or status in _TRY_AGAIN_LATER else "protocol"
    reason = reason_of_code(code) or _REASON_OF_STATUS.get(status, by_status)
    detail = parameter if reason == "request" and parameter else str(status)
    return ModelFault(reason, detail, unbilled=True, retry_after_s=wait_s)


def retry_after_s(header: str | None) -> float | None:
    """How long a server wants to be left alone, at most an hour; None where it does not say so in seconds."""
    return min(float(header), _LONGEST_RETRY_AFTER_S) if header and header.isascii() and header.isdigit() else None


def never_left(cause: BaseException | None) -> bool:
    """Whether the request cannot have reached the model: no connection was ever made."""
    return type(cause).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol")
