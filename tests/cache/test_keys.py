"""Which questions are the same question."""

from __future__ import annotations

import dataclasses

import pytest

from okichat.cache.keys import Keys, normalised
from okichat.question import Exchange, Question

SAME = [
    ("Quels sont vos services ?", "quels sont vos services"),
    ("Quels sont vos services ?", "  QUELS   sont vos services !!! "),
    ("Où êtes-vous situés ?", "ou etes vous situes"),
    ("L'impôt sur les sociétés", "l’impot sur les societes…"),
    ("Créer une S.A.R.L.", "créer une SARL"),
    ("créer une sarl ?", "Créer une SARL"),
    ("TVA à 20%", "tva à 20 %"),
    ("Bonjour, combien ça coûte ?", "bonjour combien ca coute"),
    ("Cœur de métier", "coeur de metier"),
]
DIFFERENT = [
    ("Créer une SA", "Créer une SAS"),
    ("Créer une SAS", "Créer une SARL"),
    ("Créer une SASU", "Créer une SAS"),
    ("Comment vendre SA ?", "Comment vendre sa ?"),
    ("Passer en EI", "Passer en ei"),
    ("Fonder une SE", "Fonder une se"),
    ("Combien pour 1,5 salarié", "Combien pour 15 salariés"),
    ("TVA à 5,5 %", "TVA à 55 %"),
    ("Une remise de 20 %", "Une remise de 20 €"),
    ("CA > 100000", "CA < 100000"),
    ("Le formulaire 2031", "Le formulaire 2035"),
    ("un solde de -20", "un solde de 20"),
    ("le 1/12", "le 11/2"),
    ("Quels sont vos services ?", "Quels sont vos tarifs ?"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_how_a_question_is_written_does_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_numbers_signs_and_legal_forms_count(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_another_language_knowledge_prompt_or_model_is_another_key() -> None:
    question = Question("Quels sont vos services ?")
    versions = ["knowledge", "prompt", "model"]
    keys = {Keys(*versions).key(question), Keys(*versions).key(dataclasses.replace(question, language="en"))}
    for number in range(3):
        changed = [*versions]
        changed[number] = "other"
        keys.add(Keys(*changed).key(question))

    assert len(keys) == 5
    assert None not in keys


@pytest.mark.parametrize(
    "question",
    [
        Question("Et pour moi ?", continues=True),
        Question("Et pour moi ?", history=(Exchange("Bonjour", "Bonjour"),)),
        Question("Mon IBAN est [IBAN-1]", personal=(("[IBAN-1]", "FR76"),)),
        Question("?!"),
    ],
)
def test_a_question_that_is_one_visitors_own_has_no_key(question: Question) -> None:
    assert Keys("1").key(question) is None
