"""Why the model is not asked, or not waited for any longer, although nothing is wrong with it."""

from __future__ import annotations

from okichat.errors import SourceUnavailable

SWITCHED_OFF, EPHEMERAL_LEDGER = "switched_off", "ephemeral_ledger"


class SwitchedOff(SourceUnavailable):
    """No key is set, the ledger would be forgotten, or the owner has turned GPT off: the knowledge base answers alone.

    Only the last one is told: whoever has never seen GPT misses nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.notice = reason if reason == SWITCHED_OFF else None


class LongConversation(SourceUnavailable):
    """It has had as many answers of GPT as one conversation may have: OKICHAT_MAX_TURNS."""

    reason = "long_conversation"
    notice = "long_conversation"


class Stopping(SourceUnavailable):
    """The process ends before the model has finished."""

    reason = "stopping"
    notice = "timeout"


class OffTopic(SourceUnavailable):
    """Clearly outside the firm's field: no money is spent on it."""

    reason = "off_topic"


class Suspicious(SourceUnavailable):
    """It looks like spam: no money is spent on it."""

    reason = "suspicious"
