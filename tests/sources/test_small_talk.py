"""What is no question gets a short fitting reply; what is one never does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from okichat.sources.small_talk import kind_of_small_talk

EVALUATION = Path(__file__).parent.parent / "evaluation"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Bonjour", "hello"),
        ("bonsoir à tous !!", "hello"),
        ("Bonjour, ça va ?", "how_are_you"),
        ("Merci beaucoup pour votre aide", "thanks"),
        ("ok merci, bonne journée", "goodbye"),
        ("es-tu un robot ?", "robot"),
        ("Bonjour, qui êtes-vous ?", "who"),
        ("bonjuor", "hello"),
        ("merciiiiii", "thanks"),
        ("Thank you so much, bye!", "goodbye"),
        ("are you a human?", "robot"),
        ("👍", "ok"),
        ("?", "help"),
    ],
)
def test_small_talk_is_recognised_by_its_most_telling_part(text: str, kind: str) -> None:
    assert kind_of_small_talk(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour, quels sont vos tarifs ?",
        "merci de me rappeler",
        "test",
        "2026",
        "au revoir mon argent, la TVA augmente ?",
        "hello SARL",
        "bonjour " * 15,
    ],
)
def test_a_question_is_never_small_talk_however_polite(text: str) -> None:
    assert kind_of_small_talk(text) is None


def test_no_question_of_the_evaluation_set_is_taken_for_small_talk() -> None:
    lines = (line for path in EVALUATION.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines())
    asked = (json.loads(line) for line in lines)

    assert [entry["question"] for entry in asked if entry["topics"] and kind_of_small_talk(entry["question"])] == []
