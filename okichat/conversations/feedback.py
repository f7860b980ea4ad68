"""A visitor says whether an answer helped, and perhaps why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from okichat.conversations.offer import offer_after_vote
from okichat.conversations.turns import Turns
from okichat.errors import MalformedQuestion, NoSuchConversation
from okichat.guard.redaction import redact
from okichat.question import clean_text, is_encodable

REASONS = ("wrong", "incomplete", "beside", "unclear")
MAX_WORDS_CHARS = 300

_TURN = re.compile(r"[0-9a-f]{1,32}")


@dataclass(frozen=True, slots=True)
class Vote:
    """Whether the answer of the turn `turn` helped.

    reason  one of REASONS and the visitor's own words behind it, without personal data; None where nothing was said
    asked   whether the visitor was asked for a reason already, and has answered or left it blank
    """

    turn: str
    up: bool
    reason: str | None = None
    asked: bool = False

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Vote:
        """Read the field `up` or `down`, which holds the turn, and after `down` perhaps `reason` and `words`.

        Raises MalformedQuestion."""
        turn, reason, words = turn_in(form), form.get("reason", ""), form.get("words", "")
        if turn is None or reason not in ("", *REASONS) or not is_encodable(words):
            raise MalformedQuestion
        # Cut after the personal data is taken out: half a number would not be recognised.
        told = redact(clean_text(words)).text[:MAX_WORDS_CHARS]
        up = "up" in form
        why = ": ".join(filter(None, (reason, told)))
        return cls(turn, up, None if up else why or None, asked="words" in form)


def turn_in(form: Mapping[str, str]) -> str | None:
    """The turn that a vote is about; None where the form names none, or two."""
    named = [form[field] for field in ("up", "down") if field in form]
    return named[0] if len(named) == 1 and _TURN.fullmatch(named[0]) else None


def note_vote(turns: Turns, conversation: str, vote: Vote) -> str | None:
    """Keep the vote; a later one on the same answer takes its place. Gives the turn under which a human is now offered.

    Raises NoSuchConversation if the conversation has no such answer, and StoreUnavailable."""
    outcomes = turns.outcomes(conversation)
    if not turns.rate(vote.turn, conversation, vote.up, vote.reason):
        raise NoSuchConversation
    return offer_after_vote(outcomes, vote.turn, "up" if vote.up else "down")
