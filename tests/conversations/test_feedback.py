"""What a vote may hold."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from okichat.conversations.feedback import MAX_WORDS_CHARS, Vote
from okichat.errors import MalformedQuestion

TURN = "0123456789abcdef"


def test_a_vote_is_read_from_its_form() -> None:
    assert Vote.from_form({"up": TURN}) == Vote(TURN, up=True)
    assert Vote.from_form({"down": TURN}) == Vote(TURN, up=False)
    assert Vote.from_form({"down": TURN, "reason": "unclear", "words": " Trop\u202e long. "}) == Vote(
        TURN, up=False, reason="unclear: Trop long.", asked=True
    )
    assert Vote.from_form({"down": TURN, "words": ""}) == Vote(TURN, up=False, asked=True)


def test_a_reason_is_cut_after_its_personal_data_is_taken_out() -> None:
    words = "x" * (MAX_WORDS_CHARS - 5) + " FR76 3000 6000 0112 3456 7890 189"

    reason = Vote.from_form({"down": TURN, "words": words}).reason

    assert reason is not None
    assert len(reason) == MAX_WORDS_CHARS
    assert reason.endswith("x [IBA")


def test_who_was_helped_gives_no_reason_against_it() -> None:
    assert Vote.from_form({"up": TURN, "reason": "wrong", "words": "non"}).reason is None


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"up": TURN, "down": TURN},
        {"up": "' OR 1=1"},
        {"up": ""},
        {"down": TURN, "reason": "other"},
        {"down": TURN, "words": "a\x00b"},
    ],
)
def test_anything_else_is_no_vote(form: dict[str, str]) -> None:
    with pytest.raises(MalformedQuestion):
        Vote.from_form(MultiDict(form))
