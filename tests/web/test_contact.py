from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from werkzeug.test import TestResponse

from okichat.contact.form_age import FormAges
from okichat.storage.facts import Facts
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.webhook import WebhookHost
from tests.served import ROOT, clean_environment, configured, gunicorn
from tests.site import Site
from tests.waiting import PATIENCE_S

WRITTEN = {"name": "Camille", "email": "camille@exemple.fr", "text": "Rappelez-moi <vite>."}
OpenSite = Callable[..., Site]


def send(site: Site, query: str = "", **fields: str) -> TestResponse:
    return site.client.post(f"/contact{query}", data={**WRITTEN, **fields})


def stamp_of(site: Site, age: timedelta) -> str:
    """As a form carries it that was opened so long ago."""
    kept = Facts(site.parts.store).read("secret_key")
    assert kept
    return FormAges(kept, StoppedClock(site.parts.clock.now() - age)).stamp()


def reference_in(response: TestResponse) -> str:
    found = re.search(r'class="reference">([A-Z2-7]{8})<', response.get_data(as_text=True))
    assert found
    return found[1]


def test_the_page_shows_every_way_that_is_set_and_whether_somebody_is_there(open_site: OpenSite) -> None:
    site = open_site(
        StoppedClock(),
        OKICHAT_CONTACT_PHONE="01 23 45 67 89",
        OKICHAT_CONTACT_WHATSAPP="+33 6 12 34 56 78",
        OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr",
        OKICHAT_CONTACT_BOOKING_URL="https://rendez-vous.exemple.fr/cabinet",
    )

    page = site.client.get("/contact").get_data(as_text=True)
    for link in (
        "tel:+33123456789",
        "https://wa.me/33612345678",
        "mailto:cabinet@exemple.fr",
        "https://rendez-vous.exemple.fr/cabinet",
    ):
        assert f'href="{link}"' in page
    assert "Ouvert maintenant" in page
    assert "du lundi au vendredi de 9 h à 18 h, le samedi sur rendez-vous" in page


def test_a_message_is_kept_and_its_reference_shown_on_a_page_that_can_be_reloaded(site: Site) -> None:
    response = send(site)

    assert response.status_code == 303
    thanks = site.client.get(response.headers["Location"])
    [kept] = site.parts.messages.newest(10)
    assert reference_in(thanks) == kept.reference
    assert (kept.message.text, kept.message.email, kept.message.language) == (
        "Rappelez-moi <vite>.",
        "camille@exemple.fr",
        "fr",
    )
    assert "Camille" not in thanks.get_data(as_text=True)


def test_a_link_to_the_thanks_shows_references_only(site: Site) -> None:
    page = site.client.get("/contact?sent=Appelez%20le%200899").get_data(as_text=True)

    assert "0899" not in page
    assert "<form" in page


def test_the_language_chosen_stays_through_the_form(site: Site) -> None:
    page = site.client.get("/contact?lang=en").get_data(as_text=True)
    response = send(site, "?lang=en")

    assert 'action="/contact?lang=en"' in page
    assert "Your message has arrived" in site.client.get(response.headers["Location"]).get_data(as_text=True)
    assert site.parts.messages.newest(1)[0].message.language == "en"


def test_a_refused_message_names_each_mistake_and_keeps_what_was_typed(site: Site) -> None:
    response = send(site, email="camille@exemple", text="")

    page = response.get_data(as_text=True)
    assert response.status_code == 400
    assert page.count('aria-invalid="true"') == 2
    assert re.findall(r'id="(\w+)"[^>]* autofocus', page) == ["email"]
    assert 'value="Camille"' in page
    assert 'value="camille@exemple"' in page
    assert site.parts.messages.newest(1) == []


def test_what_was_typed_comes_back_escaped(site: Site) -> None:
    page = send(site, email="", name='"><script>').get_data(as_text=True)

    assert "<script>" not in page
    assert "Rappelez-moi &lt;vite&gt;." in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_mistake_has_a_sentence(site: Site, language: str) -> None:
    for fields in (
        {"name": "x" * 121},
        {"email": ""},
        {"email": "nobody"},
        {"phone": "12"},
        {"text": ""},
        {"text": "x" * 4001},
        {"text": "http://a http://b http://c http://d"},
        {"website": "x"},
    ):
        page = send(site, f"?lang={language}", **fields).get_data(as_text=True)

        assert 'class="mistake"' in page or 'class="refusal"' in page, fields
        assert not re.search(r"contact\.(mistake|refused)\.", page), fields


def test_a_person_whose_browser_filled_the_hidden_field_can_send_again(site: Site) -> None:
    refused = send(site, website="https://exemple.fr")

    assert refused.status_code == 400
    assert "https://exemple.fr" not in refused.get_data(as_text=True)
    assert "Rappelez-moi" in refused.get_data(as_text=True)
    assert send(site).status_code == 303


def test_the_sixth_message_of_an_hour_waits_and_is_not_lost(site: Site) -> None:
    answers = [send(site, text=f"Message {number}", stamp=stamp_of(site, timedelta(minutes=1))) for number in range(6)]

    last = answers[-1]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert 3000 < int(last.headers["Retry-After"]) <= 3600
    assert re.search(r"\b(5\d|60).min\b", last.get_data(as_text=True))
    assert "Message 5" in last.get_data(as_text=True)
    assert site.parts.messages.counts()["new"] == 5
    assert site.ask("Quels sont vos horaires ?")  # the limit of questions is another one


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=3), None])
def test_forms_that_come_back_sooner_than_anybody_types_are_taken_more_slowly(
    open_site: OpenSite, age: timedelta | None
) -> None:
    site = open_site(StoppedClock())
    stamp = "forged" if age is None else stamp_of(site, age)

    answers = [send(site, text=f"Message {number}", stamp=stamp) for number in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Parler" in answers[-1].get_data(as_text=True)
    assert send(site, text="Pris le temps", stamp=stamp_of(site, timedelta(minutes=1))).status_code == 303


def test_a_form_with_a_mistake_is_as_old_as_it_was_at_first(site: Site) -> None:
    opened = re.search(r'name="stamp" value="([^"]+)"', site.client.get("/contact").text)
    assert opened
    again = re.search(r'name="stamp" value="([^"]+)"', send(site, email="", stamp=opened[1]).text)
    assert again

    assert again[1] == opened[1]


def test_mistakes_do_not_count_against_the_limit(site: Site) -> None:
    for _ in range(8):
        send(site, email="")

    assert send(site).status_code == 303


def test_sending_the_form_twice_is_one_message(site: Site) -> None:
    first, second = send(site), send(site)

    assert first.headers["Location"] == second.headers["Location"]
    assert site.parts.messages.counts()["new"] == 1


def test_the_conversation_is_offered_and_goes_along_when_the_visitor_agrees(site: Site) -> None:
    asked = site.submit("Quels sont vos horaires ?").get_data(as_text=True)
    link = re.search(r'href="(/contact\?conversation=[^"]+)"', asked)
    assert link
    page = site.client.get(link[1]).get_data(as_text=True)
    signed = re.search(r'name="conversation" value="([^"]+)"', page)
    assert signed
    assert " checked" not in page
    send(site, conversation=signed[1])
    send(site, conversation=signed[1], attach="1", text="Avec la conversation.")

    attached, without = (kept.conversation for kept in site.parts.messages.newest(2))
    assert without is None
    assert attached is not None
    assert site.parts.turns.thread(attached)[0].question == "Quels sont vos horaires ?"


def test_a_conversation_that_we_did_not_sign_is_not_attached(site: Site) -> None:
    page = site.client.get("/contact?conversation=forged").get_data(as_text=True)
    send(site, conversation="forged", attach="1")

    assert 'name="conversation"' not in page
    assert site.parts.messages.newest(1)[0].conversation is None


def test_a_long_message_in_any_script_fits_and_a_huge_body_does_not(site: Site) -> None:
    assert send(site, text="😀" * 4000).status_code == 303
    assert send(site, text="x" * 70_000).status_code == 413


def test_a_post_from_another_site_is_refused(site: Site) -> None:
    assert site.client.post("/contact", data=WRITTEN, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert site.parts.messages.newest(1) == []


def test_without_a_database_the_visitor_keeps_the_words_and_reads_the_direct_ways(
    open_site: OpenSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site(DATABASE_URL=f"sqlite:///{tmp_path}", OKICHAT_CONTACT_PHONE="01 23 45 67 89")

    response = send(site)

    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert 'role="alert"' in page
    assert "Rappelez-moi &lt;vite&gt;." in page
    assert 'value="camille@exemple.fr"' in page
    assert 'href="tel:+33123456789"' in page
    assert '"room": "contact"' in caplog.text
    assert "Rappelez" not in caplog.text
    assert "camille" not in caplog.text


def test_a_message_is_taken_while_the_model_redis_and_the_mail_host_are_down(open_site: OpenSite) -> None:
    site = open_site(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        REDIS_URL="redis://127.0.0.1:9/0",
        OKICHAT_SMTP_URL="smtp://127.0.0.1:9",
        OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr",
    )

    assert send(site).status_code == 303
    assert site.parts.messages.newest(1)[0].state == "new"


def test_a_message_arrives_by_mail_after_the_visitor_has_the_reference(open_site: OpenSite) -> None:
    with MailHost() as host:
        site = open_site(OKICHAT_SMTP_URL=f"smtp://127.0.0.1:{host.port}", OKICHAT_CONTACT_TO="cabinet@exemple.fr")
        reference = reference_in(site.client.get(send(site).headers["Location"]))
        assert host.arrived.wait(PATIENCE_S)

    [mail] = host.mails
    assert reference in mail.get_content()
    assert "Rappelez-moi <vite>." in mail.get_content()


def test_under_gunicorn_a_message_reaches_the_webhook_from_a_forked_process(tmp_path: Path) -> None:
    with WebhookHost() as host:
        store = f"sqlite:///{tmp_path / 'okichat.db'}"
        environment = clean_environment(PYTHONPATH=str(ROOT), OKICHAT_ALERT_WEBHOOK=host.url, DATABASE_URL=store)
        with gunicorn(tmp_path, *configured(), environment=environment) as served:
            with urlopen(f"{served.url}/contact", urlencode(WRITTEN).encode(), timeout=60) as thanks:
                assert "sent=" in thanks.url
            assert host.arrived.wait(60)

    assert "Rappelez-moi &lt;vite&gt;." in host.posts[0]["text"]
