"""Two questions in one get both answers, and nobody is told how to do what they do not want."""

from __future__ import annotations

import pytest

from okichat.knowledge.clauses import declined, joined_questions
from tests.knowledge.conftest import Ask


@pytest.mark.parametrize(
    ("text", "language", "topics"),
    [
        ("vos tarifs et vos horaires ?", "fr", {"tarifs", "horaires"}),
        ("Quels sont vos horaires ? Et comment prendre rendez-vous ?", "fr", {"horaires", "rendez-vous"}),
        ("Faites-vous la paie et la comptabilité ?", "fr", {"paie", "comptabilite"}),
        ("your fees and your opening hours?", "en", {"tarifs", "horaires"}),
    ],
)
def test_a_question_with_two_topics_is_answered_with_both(ask: Ask, text: str, language: str, topics: set[str]) -> None:
    findings = ask(text, language)

    assert findings.verdict == "sure"
    assert {answer.topic.slug for answer in findings.answers} == topics
    assert {topic.slug for topic in findings.topics[:2]} == topics
    assert findings.passages[:2] == findings.answers


@pytest.mark.parametrize(
    "text",
    [
        "Quels sont vos tarifs ?",
        "la différence entre SARL et SAS",
        "Bonjour, pouvez-vous m'aider avec la TVA ?",
        "et vos tarifs ?",
        "Combien de temps faut-il pour créer une SAS et obtenir le Kbis ?",
    ],
)
def test_a_question_about_one_thing_gets_one_answer(ask: Ask, text: str) -> None:
    assert len(ask(text).answers) == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("vos tarifs et vos horaires ?", ["vos tarifs", "vos horaires"]),
        ("Ouvert le samedi ? Et les prix ?", ["Ouvert le samedi", "les prix"]),
        ("fees, hours as well as address", ["fees", "hours", "address"]),
        ("et vos tarifs ?", ["et vos tarifs"]),
        ("3,5 % de TVA", ["3,5 % de TVA"]),
    ],
)
def test_the_parts_of_a_text_are_what_may_be_asked_apart(text: str, parts: list[str]) -> None:
    assert joined_questions(text) == parts


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("je ne veux pas créer de société, juste fermer la mienne", "fr"),
        ("Je ne veux pas créer de société", "fr"),
        ("j'ai pas envie de monter une boîte", "fr"),
        ("je veux pas créer d'entreprise je veux fermer la mienne", "fr"),
        ("Il ne s'agit pas de créer une SARL", "fr"),
        ("Je n'ai pas besoin d'ouvrir de micro-entreprise", "fr"),
        ("I don't want to create a company, just close mine", "en"),
        ("I'm not looking to set up a company", "en"),
    ],
)
def test_nobody_is_told_how_to_create_what_they_do_not_want(ask: Ask, text: str, language: str) -> None:
    assert "creation" not in [answer.topic.slug for answer in ask(text, language).answers]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("je ne veux pas créer de société, juste fermer la mienne", "juridique"),
        ("je ne veux pas embaucher, je veux juste un audit", "audit"),
        ("Je ne veux pas prendre rendez-vous, juste connaître vos tarifs", "tarifs"),
    ],
)
def test_what_is_wanted_instead_is_answered(ask: Ask, text: str, topic: str) -> None:
    assert [answer.topic.slug for answer in ask(text).answers] == [topic]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Je ne veux pas payer trop cher", "tarifs"),
        ("Je n'ai pas envie de remplir tous ces formulaires pour ouvrir ma boîte", "creation"),
        ("Pas besoin de prendre rendez-vous ?", "rendez-vous"),
    ],
)
def test_a_wish_about_the_how_declines_nothing(ask: Ask, text: str, topic: str) -> None:
    assert declined(text, "fr") is None
    assert ask(text).answers[0].topic.slug == topic
