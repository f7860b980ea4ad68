"""Nothing personal gets past redaction, and nothing else is taken away."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okichat.guard.redaction import kinds_of, redact, restore
from tests.guard.numbers_made_up import PRIVATE_SENTENCES, PUBLIC_SENTENCES, private_numbers, public_numbers

ROOT = Path(__file__).parents[2]
SEED = 20260731


def alphanumeric(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def test_every_valid_number_is_taken_out_whole_and_named_rightly() -> None:
    rng = random.Random(SEED)
    missed, misnamed, total = [], [], 0
    for written in private_numbers(rng, of_each=700):
        sentence = rng.choice(PRIVATE_SENTENCES)
        redacted = redact(sentence.format(written.text))
        total += 1
        if alphanumeric(redacted.text.partition("[")[0] + redacted.text.rpartition("]")[2]) != alphanumeric(
            sentence.format("")
        ):
            missed.append((written, redacted.text))
        elif kinds_of(redacted.personal) != (written.kind,):
            misnamed.append((written, kinds_of(redacted.personal)))

    assert total > 6_000
    assert missed == []
    assert len(misnamed) <= total / 1_000, misnamed  # 1 in 511 numbers of 13 digits has the key of two kinds


def test_sums_years_dates_articles_rates_and_hours_stay_as_they_are() -> None:
    rng = random.Random(SEED)
    texts = [rng.choice(PUBLIC_SENTENCES).replace("{}", public) for public in public_numbers(rng, of_each=800)]

    changed = [redacted.text for text in texts if (redacted := redact(text)).text != text]

    assert len(texts) >= 8_000
    assert changed == []


def test_no_evaluation_question_and_no_knowledge_text_loses_a_word() -> None:
    texts = [
        json.loads(line)["question"]
        for name in ("tune", "report")
        for line in (ROOT / f"tests/evaluation/{name}.jsonl").read_text("utf-8").splitlines()
    ]
    texts += [path.read_text("utf-8") for path in (ROOT / "knowledge").rglob("*.md")]

    assert [redact(text).text for text in texts if redact(text).personal] == []


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Tél : 06 12 34 56 78 75018 Paris", "Tél : [PHONE-1] 75018 Paris"),
        ("0612345678,0698765432", "[PHONE-1],[PHONE-2]"),
        ("06 12 34 56 78 ou +33 (0)6.12.34.56.78", "[PHONE-1] ou [PHONE-1]"),
        ("mon whatsapp 66123456", "mon whatsapp [PHONE-1]"),
        ("en 2024 732 829 320 a payé 500 €", "en 2024 [SIREN-1] a payé 500 €"),
        ("SIREN732829320", "SIREN[SIREN-1]"),
        ("SIRET 73282932000074 EUR 500", "SIRET [SIRET-1] EUR 500"),
        ("siren 123 456 789 (faute de frappe)", "siren [SIREN-1] (faute de frappe)"),
        ("IBAN FR76 1234 5678 9012 3456 7890 123", "IBAN [IBAN-1]"),
        ("ibanfr7630006000011234567890189", "iban[IBAN-1]"),
        ("RIB 30006 00001 12345678901 89", "RIB [IBAN-1]"),
        ("carte 4970 1012 3456 7899 exp 12/27", "carte [CARD-1] exp 12/27"),
        ("n° sécu 1 85 05 78 006 084", "n° sécu [NIR-1]"),
        ("٠٦ ١٢ ٣٤ ٥٦ ٧٨", "[PHONE-1]"),
        ("0\u200b6 12 34\u200b 56 78", "[PHONE-1]"),
        ("a@exemple.fr, B@exemple.fr et A@EXEMPLE.FR", "[EMAIL-1], [EMAIL-2] et [EMAIL-1]"),
        ("https://jean:secret@exemple.fr/", "https://jean:[EMAIL-1]/"),
        ("regarde moi @ 18 h", "regarde moi @ 18 h"),
        ("100900000 lignes dans le fichier", "100900000 lignes dans le fichier"),
        ("commande 30006000011234567890190", "commande 30006000011234567890190"),
        ("commande 30006000011234567890189", "commande [IBAN-1]"),
    ],
)
def test_however_awkwardly_a_number_is_written_it_alone_is_taken_out(text: str, redacted: str) -> None:
    assert redact(text).text == redacted


def test_placeholders_come_back_as_the_visitor_wrote_them() -> None:
    text = "Mon IBAN FR76 3000 6000 0112 3456 7890 189, mon mail a@exemple.fr"
    found = redact(text).personal

    assert (
        restore("Votre [IBAN-1] et **[EMAIL-1]**", found)
        == "Votre FR76 3000 6000 0112 3456 7890 189 et **a@exemple.fr**"
    )
    assert restore(r"\[iban‑1\] [ EMAIL-1 ]", found) == "FR76 3000 6000 0112 3456 7890 189 a@exemple.fr"
    assert restore("[IBAN-2] [PHONE-1] [IBAN]", found) == "[IBAN-2] [PHONE-1] [IBAN]"
    assert restore("[IBAN-1]", ()) == "[IBAN-1]"


def test_a_placeholder_that_the_visitor_typed_or_that_an_earlier_turn_used_is_not_used_again() -> None:
    assert redact("[EMAIL-1] ou a@exemple.fr").text == "[EMAIL-1] ou [EMAIL-2]"
    assert redact("a@exemple.fr", earlier="Mon mail est [EMAIL-1]").text == "[EMAIL-2]"


def test_an_original_is_in_no_repr() -> None:
    assert "exemple" not in repr(redact("a@exemple.fr"))


def test_kinds_are_told_once_each() -> None:
    assert kinds_of(redact("a@exemple.fr b@exemple.fr 06 12 34 56 78").personal) == ("email", "phone")


@given(st.text(st.characters(codec="utf-8"), max_size=500) | st.text("0123456789 +.-()FRabc@[IBAN-1]é\n", max_size=500))
def test_any_text_comes_back_unchanged(text: str) -> None:
    redacted = redact(text)
    again = restore(redacted.text, redacted.personal)
    assert redact(redacted.text).personal == () or redacted.personal  # and placeholders are never taken for data
    if len({original for _, original in redacted.personal}) == redacted.text.count("[") - text.count("["):
        assert again == text


def test_a_question_without_numbers_loads_no_library() -> None:
    code = (
        "import sys; from okichat.guard.redaction import redact\n"
        "redact('Quels sont vos tarifs en 2024 ?')\n"
        "print(*(name for name in ('stdnum', 'phonenumbers') if name in sys.modules))\n"
        "redact('06 12 34 56 78'); print('phonenumbers' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "\nTrue\n"
