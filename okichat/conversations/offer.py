"""When a conversation offers a human by itself: after two answers in a row that did not help, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_NO_ANSWERS = ("small_talk",)  # a "thank you" between two answers changes nothing


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one answer went. `vote` is the visitor's: up, down or None."""

    id: str
    answered_by: str
    notice: str | None = None
    vote: str | None = None

    @property
    def helped(self) -> bool:
        """What the visitor says counts; without it, a hand-off and a degraded mode do not help."""
        if self.vote:
            return self.vote == "up"
        return self.answered_by != "handoff" and self.notice is None


def offer_under(outcomes: Iterable[Outcome]) -> str | None:
    """The answer under which the offer comes up: the first that did not help right after another such. None: not yet.

    `outcomes` are those of one conversation, oldest first."""
    previous_helped = True
    for outcome in outcomes:
        if outcome.answered_by in _NO_ANSWERS:
            continue
        if not outcome.helped and not previous_helped:
            return outcome.id
        previous_helped = outcome.helped
    return None


def offer_after_vote(outcomes: Sequence[Outcome], id: str, vote: str) -> str | None:
    """The answer under which this vote brings the offer up; None where it does not, or where it had come up before."""
    if offer_under(outcomes) is not None:
        return None
    return offer_under(replace(outcome, vote=vote) if outcome.id == id else outcome for outcome in outcomes)
