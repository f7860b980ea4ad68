"""Visitors take their conversation along, or erase it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from okichat.contact.message import Message
from okichat.conversations.reference import short_reference
from okichat.storage.tables import messages, turns
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

ADDRESS = "camille@exemple.fr"


@pytest.fixture
def mail_host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture
def mailing(open_site: Callable[..., Site], mail_host: MailHost) -> Site:
    return open_site(OKICHAT_SMTP_URL=f"smtp://127.0.0.1:{mail_host.port}", OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr")


def posted(
    site: Site, path: str, conversation: str, headers: dict[str, str] | None = None, **more: str
) -> TestResponse:
    return site.client.post(path, data={"conversation": conversation, **more}, headers=headers or {})


def mailed(site: Site, conversation: str, address: str, headers: dict[str, str] | None = None) -> TestResponse:
    return posted(site, "/chat/transcript/mail", conversation, headers, email=address)


def texts(site: Site) -> list[tuple[str | None, ...]]:
    with site.parts.store.read() as connection:
        rows = connection.execute(select(turns)).all()
    return [(row.question, row.answer, row.feedback_reason) for row in rows]


def test_the_transcript_holds_every_question_and_answer_with_time_rung_and_sources(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    model.reply("Nous tenons **vos comptes**.\n\n- saisie\n- TVA")
    site = open_site(StoppedClock(), OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)
    reply = site.ask("Que comprend la tenue comptable ?")
    site.ask("Merci !", conversation=reply["conversation"])

    response = posted(site, "/chat/transcript", reply["conversation"])

    now = StoppedClock().now().astimezone(site.parts.contact.timezone)
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"] == f"attachment; filename=conversation-{now:%Y-%m-%d}.txt"
    at = f"{now:%d/%m/%Y à %H h %M}"
    head, first, second = response.get_data().decode("utf-8").split("\n\n\nVous, le ")
    quoted = short_reference(site.parts.references.read(reply["conversation"]) or "")
    assert head == f"Oki Expertise : votre conversation avec l'assistant\nRéférence : {quoted}"
    assert (
        f"Assistant (GPT, d'après nos fiches), le {at} :\n\nNous tenons **vos comptes**.\n\n- saisie\n- TVA\n" in first
    )
    assert "Que comprend la tenue comptable ?" in first
    assert "\nSources :\n- " in first
    assert f"Assistant (Notre assistant), le {at} :" in second


def test_the_transcript_speaks_the_language_of_the_page(site: Site) -> None:
    reply = site.ask("Quels sont vos horaires ?")

    assert "your conversation" in posted(site, "/chat/transcript?lang=en", reply["conversation"]).text


@pytest.mark.parametrize("path", ["/chat/transcript", "/chat/erase"])
def test_a_conversation_is_its_visitors_alone(site: Site, path: str) -> None:
    reply = site.ask("Quels sont vos horaires ?")
    bare = site.parts.references.read(reply["conversation"])

    refused = [
        posted(site, path, str(bare)),
        posted(site, path, reply["conversation"][:-1]),
        site.client.post(path),
        posted(site, path, reply["conversation"], {"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [response.status_code for response in refused] == [404, 404, 404, 403]
    assert all("horaires ?" not in response.text for response in refused)
    assert texts(site)[0][0] == "Quels sont vos horaires ?"


def test_the_conversation_goes_by_mail_to_the_address_given_which_is_kept_nowhere(
    mailing: Site, mail_host: MailHost, caplog: pytest.LogCaptureFixture
) -> None:
    reply = mailing.ask("Quels sont vos horaires ?")

    response = mailed(mailing, reply["conversation"], ADDRESS, FRAGMENT)

    assert "C'est parti" in response.text
    [mail] = mail_host.mails
    assert (mail["To"], mail["From"], mail["Reply-To"]) == (ADDRESS, "cabinet@exemple.fr", "cabinet@exemple.fr")
    assert "Quels sont vos horaires ?" in mail.get_content()
    assert "camille" not in caplog.text
    with mailing.parts.store.read() as connection:
        tables = ("turns", "messages", "facts", "ledger", "alerts", "cached_answers")
        assert "camille" not in str([connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in tables])


def test_without_javascript_the_page_comes_back_and_says_what_became_of_the_mail(mailing: Site) -> None:
    reply = mailing.ask("Quels sont vos horaires ?")

    page = mailed(mailing, reply["conversation"], ADDRESS).text

    assert page.startswith("<!doctype html>")
    assert "Quels sont vos horaires ?" in page
    assert "C'est parti" in page
    assert page.count("autofocus") == 1


@pytest.mark.parametrize("address", ["", "camille", "camille@exemple.fr\r\nBcc: x@y.fr", "a@b.fr, c@d.fr", "zoé@x.fr"])
def test_an_address_that_is_none_is_told_and_kept_for_mending(mailing: Site, mail_host: MailHost, address: str) -> None:
    reply = mailing.ask("Quels sont vos horaires ?")

    response = mailed(mailing, reply["conversation"], address)

    assert response.status_code == 400
    assert "ne semble pas complète" in response.text
    assert mail_host.mails == []


def test_three_mails_an_hour_and_no_more(mailing: Site, mail_host: MailHost) -> None:
    reply = mailing.ask("Quels sont vos horaires ?")

    statuses = [mailed(mailing, reply["conversation"], ADDRESS).status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert len(mail_host.mails) == 3
    assert posted(mailing, "/chat/transcript", reply["conversation"]).status_code == 200


def test_a_mail_host_that_is_away_is_told_calmly(mailing: Site, mail_host: MailHost) -> None:
    reply = mailing.ask("Quels sont vos horaires ?")
    mail_host.close()

    response = mailed(mailing, reply["conversation"], ADDRESS, FRAGMENT)

    assert response.status_code == 200
    assert "n'est pas parti" in response.text


def test_without_a_mail_host_there_is_no_such_form(site: Site) -> None:
    page = site.submit("Quels sont vos horaires ?").text
    reply = site.ask("Quels sont vos horaires ?")

    assert "Télécharger<" in page
    assert "par e-mail" not in page
    assert mailed(site, reply["conversation"], ADDRESS).status_code == 404


def test_erasing_takes_the_words_at_once_and_leaves_the_figures(gpt_site: Site) -> None:
    reply = gpt_site.ask("Tenez-vous les comptes d'une boulangerie ?")
    other = gpt_site.ask("Quels sont vos tarifs ?")
    gpt_site.client.post(
        "/feedback",
        data={"conversation": reply["conversation"], "down": reply["request_id"], "words": "Rien sur le pain"},
    )

    page = posted(gpt_site, "/chat/erase", reply["conversation"]).text

    assert "Votre conversation est effacée" in page
    assert "boulangerie" not in page
    assert 'name="conversation" value="' not in page
    with gpt_site.parts.store.read() as connection:
        row = connection.execute(select(turns).where(turns.c.id == reply["request_id"])).one()
    assert (row.question, row.answer, row.suggestions, row.feedback_reason) == (None, None, None, None)
    assert (row.answered_by, row.feedback, row.cost_microusd > 0) == ("gpt", "down", True)
    assert posted(gpt_site, "/chat/transcript", reply["conversation"]).status_code == 404
    assert posted(gpt_site, "/chat/transcript", other["conversation"]).status_code == 200
    assert "Votre conversation est effacée" in posted(gpt_site, "/chat/erase", reply["conversation"]).text


def test_an_erased_conversation_no_longer_goes_with_a_message(site: Site) -> None:
    reply = site.ask("Quels sont vos horaires ?")
    conversation = site.parts.references.read(reply["conversation"])
    site.parts.messages.keep(Message("Rappelez-moi.", email=ADDRESS, with_conversation=True), conversation)

    posted(site, "/chat/erase", reply["conversation"])

    with site.parts.store.read() as connection:
        [row] = connection.execute(select(messages)).all()
    assert (row.text, row.conversation) == ("Rappelez-moi.", None)


@pytest.mark.parametrize("ending", ["finished", "stopped"])
def test_an_answer_that_is_being_written_is_erased_as_well(gpt_site: Site, model: OpenAIServer, ending: str) -> None:
    rest = threading.Event()
    model.reply("Un, deux, trois, quatre.", rest=rest)
    pieces = iter(gpt_site.submit("Tenez-vous les comptes d'une boulangerie ?", STREAMING).response)
    first = str(next(pieces))
    next(piece for piece in map(str, pieces) if ".live" in piece)
    signed = re.findall(r'name="conversation" value="([^"]+)"', first)[0]

    assert posted(gpt_site, "/chat/erase", signed).status_code == 200
    if ending == "finished":
        rest.set()
        list(pieces)
    else:
        pieces.close()  # type: ignore[attr-defined]

    assert texts(gpt_site) == [(None, None, None)]


def test_a_store_that_is_away_is_told_and_nothing_is_promised(site: Site) -> None:
    reply = site.ask("Quels sont vos horaires ?")
    with site.parts.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE turns RENAME TO elsewhere")

    pages = [posted(site, path, reply["conversation"]) for path in ("/chat/erase", "/chat/transcript")]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Nos archives ne répondent pas" in page.text for page in pages)


def test_the_privacy_page_names_both(site: Site) -> None:
    page = site.client.get("/confidentialite").text

    assert "« Effacer »" in page
    assert "« Télécharger »" in page
