"""Slips are mended towards the words of the topics; words that are like none stay as they are."""

from __future__ import annotations

import pytest

from okichat.knowledge.spelling import Spelling, edits
from okichat.knowledge.words import fold, wording

WORDS = ["comptabilite", "horaires", "salarie", "facture", "tva", "rendez", "expertise", "capital", "entreprise"]


@pytest.fixture
def french() -> Spelling:
    return Spelling(WORDS, french=True)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("comtabilite", ["comptabilite"]),
        ("comptablite", ["comptabilite"]),
        ("oraires", ["horaires"]),
        ("orere", ["horaires"]),
        ("salraie", ["salarie"]),
        ("faktur", ["facture"]),
        ("dexpertise", ["expertise"]),
        ("lentreprise", ["entreprise"]),
        ("capitalentreprise", ["capital", "entreprise"]),
        ("chocolat", ["chocolat"]),
        ("tvq", ["tvq"]),
        ("2026", ["2026"]),
    ],
)
def test_a_slip_becomes_the_word_that_was_meant(french: Spelling, written: str, meant: list[str]) -> None:
    assert french.mend(written) == meant


def test_english_words_are_not_read_aloud_in_french() -> None:
    spelling = Spelling(["payroll", "quote", "hours"], french=False)

    assert spelling.mend("payrol") == ["payroll"]
    assert spelling.mend("ours") == ["hours"]
    assert spelling.mend("kot") == ["kot"]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [("paie", "paie", 0), ("paie", "paye", 1), ("paie", "paei", 1), ("devis", "deviss", 1), ("devis", "evi", 2)],
)
def test_edits_count_letters_added_left_out_replaced_or_swapped(first: str, second: str, count: int) -> None:
    assert edits(first, second, 5) == count
    assert edits(first, second, 1) == min(count, 1)


def test_words_are_compared_without_accents_ligatures_or_elisions() -> None:
    assert fold("Cœur d’ÉTÉ à N'Djamena, Élève") == "coeur d'ete a n'djamena, eleve"
    assert wording("fr").words("L’expert‑comptable d'à côté, qu'il soit") == [
        "expert",
        "comptable",
        "a",
        "cote",
        "il",
        "soit",
    ]


def test_abbreviations_are_written_out() -> None:
    assert wording("fr").words("cmb sa coute svp, rdv ?") == ["combien", "ca", "coute", "rendez", "vous"]


def test_a_word_and_a_phrase_stand_for_their_concept() -> None:
    french = wording("fr")

    assert "@paie" in french.features(["bulletin", "de", "salaire"])
    assert "@creer" in french.features(french.words("me mettre à mon compte"))
    assert not any(feature.startswith("@") for feature in french.features(["champignon"]))
