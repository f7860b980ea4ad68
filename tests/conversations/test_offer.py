"""When a human is offered without being asked for: after two answers in a row that did not help, once."""

from __future__ import annotations

import pytest

from okichat.conversations.offer import Outcome, offer_after_vote, offer_under


def conversation(*answers: str) -> list[Outcome]:
    """Outcomes 1, 2…: each "rung", "rung notice" or "rung +vote"."""
    outcomes = []
    for number, words in enumerate(answers, 1):
        rung, _, more = words.partition(" ")
        vote = {"+up": "up", "+down": "down"}.get(more)
        outcomes.append(Outcome(str(number), rung, None if vote else more or None, vote))
    return outcomes


@pytest.mark.parametrize(
    ("answers", "offered"),
    [
        (["handoff"], None),
        (["handoff", "gpt", "handoff"], None),
        (["handoff", "handoff"], "2"),
        (["gpt +down", "handoff"], "2"),
        (["gpt", "gpt +down", "cache +down", "handoff"], "3"),
        (["local budget_spent", "local budget_spent", "local budget_spent"], "2"),
        (["handoff +up", "handoff"], None),
        (["local timeout +up"], None),
        (["handoff", "small_talk", "handoff"], "3"),
        (["small_talk", "handoff"], None),
        ([], None),
    ],
)
def test_two_in_a_row_that_did_not_help_bring_it_up_under_the_second(answers: list[str], offered: str | None) -> None:
    assert offer_under(conversation(*answers)) == offered


def test_a_helpful_vote_counts_more_than_a_degraded_mode() -> None:
    outcomes = [Outcome("1", "local", "timeout", "up"), Outcome("2", "local", "timeout")]

    assert offer_under(outcomes) is None


def test_a_vote_brings_it_up_where_it_makes_the_second() -> None:
    assert offer_after_vote(conversation("handoff", "gpt"), "2", "down") == "2"
    assert offer_after_vote(conversation("gpt", "handoff"), "1", "down") == "2"


def test_a_vote_brings_it_up_neither_alone_nor_a_second_time_nor_when_it_is_kind() -> None:
    assert offer_after_vote(conversation("gpt", "gpt"), "2", "down") is None
    assert offer_after_vote(conversation("handoff", "handoff", "gpt"), "3", "down") is None
    assert offer_after_vote(conversation("handoff", "gpt"), "2", "up") is None
