"""The page and its form, without a browser: what the server sends to one that streams, one that cannot, one without JavaScript."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

KEY = "a-random-key-of-one-form"


def test_the_page_is_french_and_says_which_mode_answers(site: Site, gpt_site: Site) -> None:
    assert "Mode local" in site.client.get("/").text
    page = gpt_site.client.get("/").text
    assert "GPT activé" in page
    assert '<html lang="fr">' in page
    assert 'maxlength="500"' in page


def test_the_badge_asks_nothing_of_the_model(gpt_site: Site, model: OpenAIServer) -> None:
    gpt_site.client.get("/")

    assert model.requests == []


def test_the_operator_sets_name_welcome_and_suggestions(open_site: Callable[..., Site]) -> None:
    site = open_site(
        OKICHAT_NAME="Dupont & Fils",
        OKICHAT_WELCOME="Entrez, entrez.",
        OKICHAT_SUGGESTIONS="Un devis ?|Ouverts lundi ?",
    )

    page = site.client.get("/").text

    assert "Dupont &amp; Fils" in page
    assert "Entrez, entrez." in page
    assert 'value="Ouverts lundi ?"' in page


def test_without_javascript_the_whole_page_comes_back_with_the_answer(site: Site) -> None:
    page = site.submit("Quels sont vos horaires ?").text

    assert page.startswith("<!doctype html>")
    assert "Quels sont vos horaires ?" in page
    assert "9 h à 18 h" in page
    assert "autofocus" in page


def test_without_javascript_the_thread_grows(site: Site) -> None:
    first = site.submit("Quels sont vos horaires ?").text

    second = site.submit("Quels sont vos tarifs ?", conversation=_field(first, "conversation")).text

    assert _questions(second) == ["Quels sont vos horaires ?", "Quels sont vos tarifs ?"]


def test_a_reloaded_submission_is_answered_and_paid_once(gpt_site: Site, model: OpenAIServer) -> None:
    first = gpt_site.submit("Tenez-vous les comptes ?", request_key=KEY).text

    again = gpt_site.submit("Tenez-vous les comptes ?", request_key=KEY).text

    assert len(model.requests) == 1
    assert _questions(again) == _questions(first) == ["Tenez-vous les comptes ?"]
    assert gpt_site.parts.references.read(_field(again, "conversation")) == gpt_site.parts.references.read(
        _field(first, "conversation")
    )


def test_a_double_click_waits_for_the_first_answer(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply("Oui, de A à Z.", delay_s=0.4)
    pages: list[str] = []
    clicks = [
        threading.Thread(target=lambda: pages.append(gpt_site.submit("Tenez-vous les comptes ?", request_key=KEY).text))
        for _ in range(2)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    assert len(model.requests) == 1
    assert ["Oui, de A à Z." in page for page in pages] == [True, True]


def test_another_question_under_the_same_key_is_another_question(gpt_site: Site, model: OpenAIServer) -> None:
    gpt_site.submit("Tenez-vous les comptes ?", request_key=KEY)

    gpt_site.submit("Faites-vous la paie ?", request_key=KEY)

    assert len(model.requests) == 2


def test_a_stopped_answer_can_be_asked_for_again(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply("Ceci ne sera jamais lu en entier.", rest=threading.Event())
    stream = gpt_site.submit("Tenez-vous les comptes ?", STREAMING, request_key=KEY)
    next(piece for piece in map(str, stream.response) if ".live" in piece)
    stream.close()

    model.reply("Oui.")
    assert "Oui." in gpt_site.submit("Tenez-vous les comptes ?", request_key=KEY).text


def test_a_stream_shows_the_question_then_the_growing_answer_then_the_finished_one(
    gpt_site: Site, model: OpenAIServer
) -> None:
    rest = threading.Event()
    model.reply("Oui, nous le faisons **chaque mois**.\n\nEt la <b>TVA</b>.", rest=rest)

    pieces = map(str, gpt_site.submit("Tenez-vous les comptes ?", STREAMING).response)
    question = next(pieces)
    growing = next(piece for piece in pieces if ".live" in piece)
    rest.set()
    finished = "".join(pieces)

    assert "Tenez-vous les comptes ?" in question
    assert re.search(r'\.live" hx-swap="beforeend">Oui', growing)
    assert re.search(r"\.blocks.*<strong>chaque mois</strong>", finished, re.DOTALL)
    assert "<b>TVA" not in growing + finished
    assert "&lt;b&gt;" in finished


def test_a_browser_that_cannot_stream_gets_one_fragment(site: Site) -> None:
    response = site.submit("Quels sont vos horaires ?", FRAGMENT)

    assert response.mimetype == "text/html"
    assert "<html" not in response.text
    assert "9 h à 18 h" in response.text


def test_the_first_message_does_not_wait_for_the_model(gpt_site: Site, model: OpenAIServer) -> None:
    gate = threading.Event()
    model.reply("Enfin.", gate=gate)

    stream = gpt_site.submit("Tenez-vous les comptes ?", STREAMING)
    pieces = iter(stream.response)
    first = str(next(pieces))
    gate.set()

    assert "Tenez-vous les comptes ?" in first
    assert "Enfin." in "".join(map(str, pieces))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("", "est vide"), ("a" * 501, "500 caractères au plus"), ("Combien \x00 ?", "pas pu lire")],
)
def test_a_refused_question_is_explained_and_kept(site: Site, typed: str, expected: str) -> None:
    page = site.submit(typed)
    fragment = site.submit(typed, STREAMING)

    assert (page.status_code, fragment.status_code) == (400, 400)
    assert expected in _plain(page.text)
    assert expected in _plain(fragment.text)
    assert "<html" not in fragment.text
    assert not typed or typed.replace("\x00", "") in page.text.replace("\x00", "")


def test_a_form_without_its_fields_is_refused_calmly(site: Site) -> None:
    form = "application/x-www-form-urlencoded"
    for body, told in ((b"%%%", "est vide"), (b"\xff\xfe%%%", "pu lire")):
        response = site.client.post("/chat", data=body, content_type=form)

        assert response.status_code == 400
        assert told in response.text


def test_who_asks_too_much_hears_when_to_come_back_and_whom_to_ask(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_RATE_LIMIT="1 per 15 minutes")
    site.submit("Quels sont vos horaires ?")

    refused = site.submit("Quels sont vos tarifs ?")

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert "15 min" in _plain(refused.text)
    assert 'href="/contact' in refused.text
    assert "Quels sont vos tarifs ?" in refused.text


def test_a_post_from_another_site_is_refused(site: Site) -> None:
    assert site.submit("Vos tarifs ?", {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert site.submit("Vos tarifs ?", {"Origin": "https://elsewhere.example"}).status_code == 403
    assert site.submit("Vos tarifs ?", {"Origin": "http://localhost"}).status_code == 200


def test_personal_data_is_shown_to_its_visitor_and_to_nobody_else(gpt_site: Site, model: OpenAIServer) -> None:
    page = gpt_site.submit("Mon IBAN est FR76 3000 6000 0112 3456 7890 189, pouvez-vous me prélever ?").text

    assert "FR76 3000 6000 0112 3456 7890 189" in page
    assert "3456 7890" not in str(model.requests[-1].body)
    with gpt_site.parts.store.read() as connection:
        assert "3456 7890" not in str(connection.exec_driver_sql("SELECT question, answer FROM turns").all())


def test_placeholders_in_the_answer_are_the_visitors_own_words_again(gpt_site: Site, model: OpenAIServer) -> None:
    model.reply("Merci, nous notons [IBAN-1] pour le prélèvement.")

    page = gpt_site.submit("Mon IBAN est FR76 3000 6000 0112 3456 7890 189, pouvez-vous me prélever ?").text

    assert "nous notons FR76 3000 6000 0112 3456 7890 189 pour" in page


def test_the_page_speaks_english_when_asked_to(site: Site) -> None:
    page = site.client.get("/?lang=en").text

    assert '<html lang="en">' in page
    assert 'action="/chat?lang=en"' in page


def test_a_degraded_mode_is_explained_once_in_a_conversation(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_BUDGET_USD="0.0001")

    first = site.submit("Quels sont vos tarifs ?").text
    fragment = site.submit("Quels sont vos horaires ?", FRAGMENT, conversation=_field(first, "conversation")).text
    third = site.submit("Faites-vous la paie ?", conversation=_field(first, "conversation")).text

    assert [page.count("GPT fait une pause") for page in (first, fragment, third)] == [1, 0, 1]


def test_unknown_pages_are_calm_and_offer_a_human(site: Site) -> None:
    response = site.client.get("/nowhere")

    assert response.status_code == 404
    assert 'href="/contact' in response.text


def test_no_cookie_is_set_for_a_visitor(site: Site) -> None:
    responses = [
        site.client.get("/"),
        site.submit("Vos tarifs ?"),
        site.client.get("/contact"),
        site.client.get("/confidentialite"),
    ]

    assert [response.status_code for response in responses] == [200] * 4
    assert all("Set-Cookie" not in response.headers for response in responses)


def test_a_conversation_outlives_a_restart(open_site: Callable[..., Site]) -> None:
    before = open_site()
    page = before.submit("Quels sont vos horaires ?").text

    after = open_site(clock=StoppedClock())

    assert (
        _questions(after.submit("Et vos tarifs ?", conversation=_field(page, "conversation")).text)[0]
        == "Quels sont vos horaires ?"
    )


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found
    return found[1]


def _questions(page: str) -> list[str]:
    return re.findall(r'class="bubble visitor"[^>]*>([^<]*)<', page)


def _plain(page: str) -> str:
    """With ordinary blanks in place of those that French puts before its double punctuation."""
    return page.replace("\xa0", " ").replace("\u202f", " ")
