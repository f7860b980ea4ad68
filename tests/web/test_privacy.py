"""What visitors are told about their data is true of this very site, and what they may ask for can be done."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select

from okichat.contact.message import Message
from okichat.conversations.reference import short_reference
from okichat.storage.tables import audit, messages, turns
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

OpenSite = Callable[..., Site]
IBAN, OTHER_IBAN = "FR76 3000 6000 0112 3456 7890 189", "DE89 3704 0044 0532 0130 00"
PASSWORD = "correct horse battery staple"
SECRETS = {"SECRET_KEY": "0123456789abcdef", "OKICHAT_SMTP_URL": "smtps://user:mail-password@mail.example:465"}


def run(site: Site, *arguments: str, answer: str = "") -> tuple[int, str]:
    result = site.app.test_cli_runner().invoke(args=["okichat", *arguments], input=answer)
    return result.exit_code, result.output


def on_record(site: Site) -> list[tuple[str, str, str]]:
    with site.parts.store.read() as connection:
        return [(row.action, row.subject, row.way) for row in connection.execute(select(audit).order_by(audit.c.id))]


def conversation_of(site: Site, question: str) -> str:
    conversation = site.parts.references.read(site.ask(question)["conversation"])
    assert conversation
    site.parts.store.write_now()
    return conversation


def words_left(site: Site, conversation: str) -> list[str | None]:
    with site.parts.store.read() as connection:
        rows = connection.execute(select(turns).where(turns.c.conversation == conversation)).all()
    return [text for row in rows for text in (row.question, row.answer)]


def test_the_page_is_made_from_the_settings(open_site: OpenSite) -> None:
    page = (
        open_site(
            OPENAI_API_KEY="sk-test-key",
            OPENAI_BASE_URL="https://api.mistral.ai/v1",
            OPENAI_MODEL="mistral-small",
            OKICHAT_RETENTION_DAYS="12",
            OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr",
            OKICHAT_ALERT_WEBHOOK="https://hooks.example/secret-path",
            **SECRETS,
        )
        .client.get("/confidentialite")
        .text
    )

    for told in (
        "mistral-small",
        "Mistral AI (api.mistral.ai)",
        "12 jours",
        "cabinet@exemple.fr",
        "mail.example",
        "hooks.example",
        "www.cnil.fr",
    ):
        assert told in page
    for secret in ("sk-test-key", "mail-password", "secret-path", "0123456789abcdef", "États-Unis"):
        assert secret not in page


def test_without_a_key_nothing_is_said_to_be_sent(site: Site) -> None:
    page = site.client.get("/confidentialite").text

    assert "rien n'est transmis à un modèle" in page.replace("&#39;", "'")
    assert "30 jours" in page
    assert "Kept" not in page
    assert "Your rights" in site.client.get("/confidentialite?lang=en").text


def test_openai_is_said_to_be_abroad_and_a_model_of_ones_own_not(open_site: OpenSite) -> None:
    abroad = open_site(OPENAI_API_KEY="sk-test-key").client.get("/confidentialite").text
    here = (
        open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL="http://127.0.0.1:11434/v1")
        .client.get("/confidentialite")
        .text
    )

    assert "OpenAI (api.openai.com)" in abroad
    assert "États-Unis" in abroad
    assert "États-Unis" not in here
    assert "vos questions n'en sortent pas" in here.replace("&#39;", "'")


@pytest.mark.parametrize(("language", "title"), [("fr", "# Fiche de registre"), ("en", "# Record of processing")])
def test_the_record_of_processing_is_made_from_the_settings(open_site: OpenSite, language: str, title: str) -> None:
    site = open_site(
        OPENAI_API_KEY="sk-test-key", OKICHAT_RETENTION_DAYS="12", OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr", **SECRETS
    )

    code, sheet = run(site, "privacy", "--lang", language)

    assert code == 0
    assert sheet.startswith(title)
    assert sheet.count("\n## ") == 11
    for told in ("OpenAI (api.openai.com)", "12 ", "cabinet@exemple.fr", "mail.example"):
        assert told in sheet
    assert "mail-password" not in sheet
    assert "%(" not in sheet


def test_a_conversation_is_exported_by_the_reference_of_its_transcript(site: Site) -> None:
    conversation = conversation_of(site, "Quels sont vos horaires ?")

    code, printed = run(site, "conversation", "export", short_reference(conversation).lower())

    assert code == 0
    kept = json.loads(printed)
    assert kept["conversation"] == conversation
    assert kept["questions"][0]["question"] == "Quels sont vos horaires ?"
    assert on_record(site) == [("export", conversation, "command")]


def test_a_conversation_is_erased_by_reference_once_that_is_confirmed(site: Site) -> None:
    conversation = conversation_of(site, "Quels sont vos horaires ?")

    assert run(site, "conversation", "erase", conversation, answer="n\n")[0] == 1
    assert None not in words_left(site, conversation)
    assert run(site, "conversation", "erase", conversation, answer="y\n")[0] == 0
    assert set(words_left(site, conversation)) == {None}
    assert on_record(site) == [("erase", conversation, "command")]


def test_a_message_is_exported_and_erased_with_the_conversation_that_goes_with_it(site: Site) -> None:
    conversation = conversation_of(site, "Quels sont vos horaires ?")
    message = Message("Rappelez-moi", email="camille@exemple.fr", with_conversation=True)
    reference = site.parts.messages.keep(message, conversation)

    kept = json.loads(run(site, "conversation", "export", reference)[1])
    assert (kept["message"]["text"], kept["conversation"]) == ("Rappelez-moi", conversation)
    assert run(site, "conversation", "erase", reference, "--yes")[0] == 0

    with site.parts.store.read() as connection:
        assert connection.execute(select(messages)).all() == []
    assert set(words_left(site, conversation)) == {None}


def test_an_unknown_reference_is_said_to_be_unknown(site: Site) -> None:
    for reference in ("AAAA-AAAA", "no such thing", "", "%%%%%%%%", "a" * 32, "ABCDEFGH"):
        code, said = run(site, "conversation", "export", reference)

        assert code == 1
        assert "nothing is kept" in said
    assert on_record(site) == []


def test_the_owner_exports_and_erases_on_the_dashboard_by_the_reference_that_the_visitor_quotes(
    open_site: OpenSite,
) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    conversation = conversation_of(site, "Quels sont vos horaires ?")
    signed = site.parts.references.sign(conversation)
    quoted = short_reference(conversation)
    assert quoted in site.client.post("/chat/transcript", data={"conversation": signed}).text
    site.client.post("/admin/sign-in", data={"password": PASSWORD})

    screen = site.client.get("/admin/questions", query_string={"q": quoted}, follow_redirects=True).text
    exported = site.client.post(f"/admin/references/{conversation}/export")
    erased = site.client.post(f"/admin/references/{conversation}/erase")

    assert quoted in screen
    assert f"/admin/references/{conversation}/erase" in screen
    assert exported.get_json()["questions"][0]["question"] == "Quels sont vos horaires ?"
    assert "attachment" in exported.headers["Content-Disposition"]
    assert erased.status_code == 303
    assert set(words_left(site, conversation)) == {None}
    assert on_record(site) == [("export", conversation, "dashboard"), ("erase", conversation, "dashboard")]
    assert site.client.post("/admin/references/none/erase").status_code == 404


def test_nobody_else_exports_or_erases(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    conversation = conversation_of(site, "Quels sont vos horaires ?")

    for action in ("export", "erase"):
        assert "/admin/sign-in" in site.client.post(f"/admin/references/{conversation}/{action}").headers["Location"]
    assert None not in words_left(site, conversation)


def test_a_visitors_own_erasure_is_on_record(site: Site) -> None:
    conversation = conversation_of(site, "Quels sont vos horaires ?")

    site.client.post("/chat/erase", data={"conversation": site.parts.references.sign(conversation)})

    assert on_record(site) == [("erase", conversation, "page")]


@pytest.mark.parametrize("headers", [{}, FRAGMENT, STREAMING], ids=["page", "fragment", "stream"])
def test_who_types_a_confidential_number_is_told_what_became_of_it(site: Site, headers: dict[str, str]) -> None:
    page = site.submit(f"Mon IBAN est {IBAN}, appelez le 06 12 34 56 78. Vos tarifs ?", headers).text.replace(
        "&#39;", "'"
    )

    assert "Donnée confidentielle reconnue (IBAN, téléphone) : masquée dès son arrivée" in page
    assert "Parler à quelqu'un »" in page
    assert "confidentielle" not in site.submit("Quels sont vos tarifs ?", headers).text


def test_what_the_hint_says_is_true(gpt_site: Site, model: OpenAIServer) -> None:
    gpt_site.submit(f"Mon IBAN est {IBAN}, que comprend la tenue comptable ?")
    gpt_site.parts.store.write_now()

    assert IBAN not in json.dumps([request.body for request in model.requests])
    with gpt_site.parts.store.read() as connection:
        rows = connection.execute(select(turns)).all()
    assert [row.flags for row in rows] == [["personal_data"]]
    assert "[IBAN-1]" in rows[0].question
    assert "3000" not in repr(rows)


def test_a_second_number_of_the_conversation_is_not_taken_for_the_first(gpt_site: Site, model: OpenAIServer) -> None:
    model.always_reply("Le compte [IBAN-1] puis le compte [IBAN-2].")
    first = gpt_site.ask(f"Mon IBAN est {IBAN}, que comprend la tenue comptable ?")
    second = gpt_site.ask(f"Et la tenue comptable avec {OTHER_IBAN} ?", conversation=first["conversation"])

    assert first["response"] == f"Le compte {IBAN} puis le compte [IBAN-2]."
    assert second["response"] == f"Le compte [IBAN-1] puis le compte {OTHER_IBAN}."
    asked = model.requests[-1].body["messages"][-1]["content"]
    assert "[IBAN-2]" in asked


def test_a_repeated_submission_keeps_its_placeholder(gpt_site: Site, model: OpenAIServer) -> None:
    model.always_reply("Votre compte [IBAN-1].")
    first = gpt_site.ask("Que comprend la tenue comptable ?")
    again = {"conversation": first["conversation"], "request_key": "k" * 20}

    replies = [gpt_site.ask(f"Et avec {IBAN} ?", **again)["response"] for _ in range(2)]

    assert replies == [f"Votre compte {IBAN}."] * 2
