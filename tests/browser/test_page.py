"""A visitor's visit, in Chromium, against the app as gunicorn serves it: with JavaScript and without."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, Served, clean_environment, configured, gunicorn

ANSWER = "Nous tenons **vos comptes**.\n\n- saisie\n- déclarations\n\nParlons de votre activité."


@pytest.fixture(scope="module")
def served(host: OpenAIServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    environment = clean_environment(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=host.base_url,
        OKICHAT_RATE_LIMIT="500 per minute",
        OKICHAT_CACHE_TTL_S="0",
        OKICHAT_CONTACT_PHONE="01 99 00 12 34",
        OKICHAT_DEADLINE_S="60",
        OKICHAT_FIRST_TOKEN_S="50",
        PYTHONPATH=str(ROOT),
    )
    folder = tmp_path_factory.mktemp("page")
    with gunicorn(folder, *configured(), environment=environment) as served:
        yield served


@pytest.fixture(scope="module")
def address(served: Served) -> str:
    return served.url


@pytest.fixture
def model(host: OpenAIServer) -> OpenAIServer:
    host.forget()
    host.always_reply(ANSWER)
    return host


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Page]:
    """A page with JavaScript on a phone; what its console complains about fails the test."""
    page = browser.new_context(locale="fr-FR", viewport={"width": 390, "height": 800}).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.context.close()
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.fixture
def plain_visitor(browser: Browser, address: str) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def _ask(page: Page, question: str) -> None:
    """With the keyboard, once no answer is being written."""
    expect(page.locator("#send")).to_be_enabled()
    page.get_by_label("Votre question").fill(question)
    page.keyboard.press("Enter")


def test_a_typed_question_is_shown_at_once_and_its_answer_streams_in(visitor: Page, model: OpenAIServer) -> None:
    rest = threading.Event()
    model.reply(ANSWER, rest=rest)

    _ask(visitor, "Tenez-vous les comptes ?")

    expect(visitor.locator(".bubble.visitor")).to_have_text("Tenez-vous les comptes ?")
    expect(visitor.locator("article.pending .prose")).to_contain_text("Nous tenons")
    expect(visitor.locator("#send")).to_be_disabled()
    rest.set()
    finished = visitor.locator("article.answer:not(.pending)")
    expect(finished.locator("strong")).to_have_text("vos comptes")
    expect(finished.locator("li").first).to_have_text("saisie")
    expect(finished).to_contain_text("GPT")
    expect(visitor.get_by_label("Votre question")).to_have_value("")
    expect(visitor.get_by_label("Votre question")).to_be_focused()
    expect(visitor.locator("#send")).to_be_enabled()


def test_stopping_ends_the_answer_and_the_paid_call(visitor: Page, model: OpenAIServer) -> None:
    model.reply("mot " * 40, rest=threading.Event())
    _ask(visitor, "Tenez-vous la paie ?")
    expect(visitor.locator("article.pending .live")).to_contain_text("mot")

    visitor.get_by_role("button", name="Arrêter").click()

    expect(visitor.get_by_role("button", name="Réessayer")).to_be_visible()
    assert model.wait_until_left(model.requests[-1]) >= 0


def test_a_server_that_dies_in_mid_answer_leaves_a_way_to_ask_again(
    browser: Browser, served: Served, model: OpenAIServer
) -> None:
    page = browser.new_page()
    page.goto(served.url)
    model.reply("mot " * 40, rest=threading.Event())
    _ask(page, "Tenez-vous les comptes ?")
    expect(page.locator("article.pending .live")).to_contain_text("mot")

    for worker in served.children():
        os.kill(worker, signal.SIGKILL)

    expect(page.get_by_role("status").first).to_contain_text("interrompue")
    expect(page.get_by_role("article")).to_contain_text("mot")
    expect(page.locator("#send")).to_be_enabled()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("article.answer strong")).to_have_text("vos comptes")
    expect(page.get_by_role("article")).to_have_count(1)
    page.close()


def test_while_the_answer_is_written_the_way_to_a_human_already_takes_the_conversation_along(
    visitor: Page, model: OpenAIServer
) -> None:
    gate = threading.Event()
    model.reply(ANSWER, gate=gate)
    _ask(visitor, "Tenez-vous les comptes ?")

    expect(visitor.locator("article.pending")).to_be_visible()
    expect(visitor.get_by_role("link", name="Parler à quelqu'un")).to_have_attribute(
        "href", re.compile(r"/contact\?conversation=.+")
    )
    gate.set()
    expect(visitor.locator("article.answer:not(.pending)")).to_have_count(1)


def test_a_follow_up_reaches_the_model_with_what_came_before(visitor: Page, model: OpenAIServer) -> None:
    for number, text in enumerate(("Comment créer une SAS ?", "et pour une association ?"), 1):
        _ask(visitor, text)
        expect(visitor.locator("article.answer:not(.pending)")).to_have_count(number)

    assert "Comment créer une SAS ?" in str(model.requests[-1].body["messages"])


@pytest.mark.usefixtures("model")
def test_a_refusal_keeps_the_text_and_says_what_to_do(visitor: Page) -> None:
    visitor.evaluate("document.getElementById('question').removeAttribute('maxlength')")
    _ask(visitor, "a" * 501)

    expect(visitor.get_by_role("alert")).to_contain_text("500")
    expect(visitor.get_by_label("Votre question")).to_have_value("a" * 501)


@pytest.mark.usefixtures("model")
def test_out_of_field_the_contact_card_comes_up(visitor: Page) -> None:
    _ask(visitor, "Quelle est la recette de la tarte aux pommes ?")

    expect(visitor.locator("article.answer").get_by_role("link", name="01 99 00 12 34")).to_be_visible()


def test_a_reload_goes_on_with_the_conversation_and_asks_the_model_nothing(visitor: Page, model: OpenAIServer) -> None:
    _ask(visitor, "Tenez-vous les comptes ?")
    expect(visitor.locator("article.answer:not(.pending)")).to_have_count(1)
    asked = len(model.requests)

    visitor.reload()

    expect(visitor.locator(".bubble.visitor")).to_have_text("Tenez-vous les comptes ?")
    expect(visitor.locator("article.answer")).to_have_count(1)
    assert len(model.requests) == asked


def test_without_javascript_the_answer_comes_as_a_page_with_the_focus_on_it(
    plain_visitor: Page, model: OpenAIServer
) -> None:
    plain_visitor.get_by_label("Votre question").fill("Tenez-vous les comptes ?")
    plain_visitor.get_by_role("button", name="Envoyer").click()

    expect(plain_visitor.locator("article.answer strong")).to_have_text("vos comptes")
    expect(plain_visitor.locator("article.answer")).to_be_focused()
    assert len(model.requests) == 1


def test_without_javascript_a_reload_pays_nothing_and_a_second_question_continues(
    plain_visitor: Page, model: OpenAIServer
) -> None:
    plain_visitor.get_by_label("Votre question").fill("Comment créer une SAS ?")
    plain_visitor.get_by_role("button", name="Envoyer").click()
    expect(plain_visitor.locator("article.answer")).to_have_count(1)
    plain_visitor.reload()
    assert len(model.requests) == 1

    plain_visitor.get_by_label("Votre question").fill("et pour une association ?")
    plain_visitor.get_by_role("button", name="Envoyer").click()

    expect(plain_visitor.locator(".bubble.visitor")).to_have_count(2)
    assert "Comment créer une SAS ?" in str(model.requests[-1].body["messages"])


@pytest.mark.usefixtures("model")
def test_without_javascript_a_refusal_keeps_the_text(plain_visitor: Page) -> None:
    plain_visitor.get_by_label("Votre question").fill("   ")
    plain_visitor.get_by_role("button", name="Envoyer").click()

    expect(plain_visitor.get_by_role("alert")).to_contain_text("vide")
