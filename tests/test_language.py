"""The language of a question is told from its own words, and from the page's language where they say nothing."""

from __future__ import annotations

import pytest

from okichat.knowledge.evaluation import read_questions
from okichat.language import detect_language
from tests.knowledge.conftest import ROOT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Quels sont vos tarifs ?", "fr"),
        ("What are your fees?", "en"),
        ("it's urgent, who can I call", "en"),
        ("WHAT TIME DO YOU OPEN", "en"),
        ("c koi vos horaires", "fr"),
        ("je veux un business plan", "fr"),
        ("Do you know the SARL and the SAS?", "en"),
        ("I need a devis for my company", "en"),
        ("l’audit d’acquisition", "fr"),
        ("opening hours", "en"),
        ("free quote", "en"),
    ],
)
@pytest.mark.parametrize("page_language", ["fr", "en"])
def test_the_words_decide_whatever_the_page_speaks(text: str, language: str, page_language: str) -> None:
    assert detect_language(text, page_language) == language


@pytest.mark.parametrize(
    "text", ["TVA", "audit", "due diligence", "business plan", "oki", "test", "??", "WhatsApp", "42"]
)
@pytest.mark.parametrize("page_language", ["fr", "en"])
def test_the_page_decides_where_the_words_are_of_both_languages(text: str, page_language: str) -> None:
    assert detect_language(text, page_language) == page_language


@pytest.mark.parametrize("half", ["tune", "report"])
def test_the_evaluation_questions_are_told_apart_on_a_french_page(half: str) -> None:
    questions = read_questions(ROOT / f"tests/evaluation/{half}.jsonl")

    wrong = [asked.text for asked in questions if detect_language(asked.text, "fr") != asked.language]

    assert len(wrong) <= 0.01 * len(questions)
