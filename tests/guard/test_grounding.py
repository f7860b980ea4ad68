"""An answer may only say what its sources say; how it is written does not matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okichat.guard.facts import facts_of
from okichat.guard.grounding import Grounds

SOURCES = (
    "Nous répondons sous 24 h. Comptez 24 à 48 h pour une micro-entreprise et 7 à 15 jours pour une SARL.",
    "Ouvert du lundi au vendredi, 9h00-18h30. Téléphone : 01 40 00 12 34, WhatsApp +235 66 12 34 56, contact@oki.example.",
    "Adresse : 12 rue de la Paix, 75002 Paris. Rendez-vous : https://www.oki.example/rendez-vous",
    "Le forfait coûte 1 250,50 € par mois, TVA à 20 % en plus, depuis le 1er mars 2024. Plus de 300 clients en 15 ans.",
    "Mon chiffre d'affaires est de 36 800 euros, article 293 B.",
)

SUPPORTED = """
Nous répondons sous 24 heures.
Une réponse en 24h maximum
We reply within 24 hours.
We reply within twenty-four hours.
Réponse en vingt-quatre heures
Réponse sous un délai de 1 jour
comptez 1 à 2 jours pour une micro-entreprise
allow 24 to 48 hours, or 7–15 days for a SARL
entre sept et quinze jours
de 9 h à 18 h 30
from 9:00 to 18:30
from 9 am to 6:30 pm
Appelez le 0140001234 ou le +33 1 40 00 12 34 ou le +33 (0)1.40.00.12.34
WhatsApp : 00235 66 12 34 56
Écrivez à CONTACT@oki.example.
[Rendez-vous](https://www.oki.example/rendez-vous)
Voir www.oki.example/rendez-vous/ ou oki.example.
Au 12, rue de la Paix à Paris (75002)
1250,50 €
1 250,5 euros
€1,250.50
EUR 1250,50 € par mois
vingt pour cent de TVA
VAT at 20%
20 percent
le 1er mars 2024
since March 1st, 2024
depuis mars 2024
depuis 2024
le 01/03/2024
le 1er mars
300 clients
15 ans d'expérience
fifteen years
36 800 €
36.800 €
36,800 euros
36,8 k€
l'article 293 B
Voici deux étapes et 3 formules, puis 12 pièces.
1. un
13. treize
Le cabinet B2B et son outil H2O
Une réponse en un jour ouvré ? Une personne vous répond.
Votre IBAN [IBAN-1] et [PHONE-2]
"""

UNSUPPORTED = """
Nous répondons sous 12 h.|12 h
We reply within 3 days|3 days
dans les trois jours|trois jours
comptez 7 à 20 jours|7 à 20 jours
ouvert jusqu'à 19 h|19 h
open until 8 pm|8 pm
dès 8h30|8h30
ouvert 24h/24 et 7j/7|24h/24;7j/7
open 24/7|24/7
Appelez le 01 40 00 12 35|01 40 00 12 35
call +1 415 555 2671|+1 415 555 2671
écrivez à info@oki.example|info@oki.example
voir https://evil.example/x|https://evil.example/x
voir https://www.oki.example/autre|https://www.oki.example/autre
voir impots.gouv.fr|impots.gouv.fr
au 14 rue de la Paix|14 rue de la Paix
12 avenue de la Paix|12 avenue de la Paix
75003 Paris|75003
1 250 €|1 250 €
à partir de 90 € par mois|90 €
from £20 a month|£20
entre 90 et 120 euros|90 et 120 euros
20 €|20 €
1250,50 $|1250,50 $
TVA à 5,5 %|5,5 %
dix pour cent|dix pour cent
le 2 mars 2024|2 mars 2024
le 1er mars 2025|1er mars 2025
en avril 2024|avril 2024
March 3, 2024|March 3, 2024
depuis 2012|2012
500 clients|500
20 ans d'expérience|20 ans
article 39 du CGI|39
un coefficient de 1,7|1,7
plus de 1 000 000 de lignes|1 000 000
SIRET 732 829 320 00074|732 829 320 00074
une amende de 3 millions d'euros|3 millions d'euros
"""


@pytest.mark.parametrize("answer", SUPPORTED.strip().split("\n"))
def test_a_fact_that_a_source_says_is_grounded_however_it_is_written(answer: str) -> None:
    assert Grounds(SOURCES).ungrounded(answer) == ()


@pytest.mark.parametrize("line", UNSUPPORTED.strip().split("\n"))
def test_a_fact_that_no_source_says_is_named_as_the_answer_writes_it(line: str) -> None:
    answer, _, facts = line.partition("|")

    assert sorted(Grounds(SOURCES).ungrounded(answer)) == sorted(facts.split(";"))


def test_an_invented_fact_among_true_ones_is_found() -> None:
    answer = "## Nos délais\n\n1. Micro-entreprise : **24 à 48 h**\n2. SARL : **7 à 15 jours**\n3. SAS : **21 jours**\n"

    assert Grounds(SOURCES).ungrounded(answer) == ("21 jours",)


def test_a_fact_is_named_once() -> None:
    assert Grounds(()).ungrounded("90 € par mois, soit 90 €. Donc 90 €") == ("90 €",)


def test_the_question_is_a_source_like_others() -> None:
    assert Grounds(["Je fais 72000 euros par an"]).ungrounded("Pour 72 000 € de chiffre d'affaires") == ()


def test_a_delay_does_not_support_an_amount_or_a_rate() -> None:
    assert Grounds(["en 15 jours"]).ungrounded("15 € et 15 %") == ("15 €", "15 %")


def test_knowledge_texts_are_grounded_in_themselves_and_have_facts() -> None:
    texts = [
        path.read_text("utf-8").partition("\n---\n")[2]
        for path in (Path(__file__).parents[2] / "knowledge").rglob("*.md")
    ]

    assert [Grounds([text]).ungrounded(text) for text in texts if Grounds([text]).ungrounded(text)] == []
    assert sum(len(facts_of(text)) for text in texts) > 20


def test_what_the_english_knowledge_says_stands_in_the_french_one() -> None:
    root = Path(__file__).parents[2] / "knowledge"
    for path in (root / "en").glob("*.md"):
        english, french = (p.read_text("utf-8").partition("\n---\n")[2] for p in (path, root / "fr" / path.name))
        assert (path.name, Grounds([french]).ungrounded(english)) == (path.name, ())


@given(st.text(st.characters(codec="utf-8"), max_size=300) | st.text("0123456789 .,€%hj/:-+mars\n@", max_size=300))
def test_any_text_is_grounded_in_itself(text: str) -> None:
    assert Grounds([text]).ungrounded(text) == ()


@pytest.mark.parametrize(
    ("source", "said", "ungrounded"),
    [
        ("un engagement de 12 mois", "un engagement de 1 an", ()),
        ("un engagement de 12 mois", "un engagement de 2 ans", ("2 ans",)),
        ("90 €", "quatre-vingt-dix euros", ()),
        ("94 €", "quatre-vingt-dix euros", ("quatre-vingt-dix euros",)),
        ("des bureaux", "12 bureaux", ()),  # so small a count may be one of the model's own: "3 formules"
        ("des bureaux", "13 bureaux", ("13",)),
        ("des bureaux", "Bonjour.\nComptez trente jours.\nÀ bientôt.", ("trente jours",)),
        ("in our office", "It costs a thousand pounds, or see example.org", ("example.org", "thousand pounds")),
    ],
)
def test_where_writings_meet_and_where_facts_begin(source: str, said: str, ungrounded: tuple[str, ...]) -> None:
    assert Grounds([source]).ungrounded(said) == ungrounded
