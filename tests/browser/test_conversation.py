"""What visitors do with answers and with their conversation, in Chromium: vote, take it along, erase it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import findings
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, clean_environment, configured, gunicorn

PHONE: ViewportSize = {"width": 360, "height": 740}
QUESTION = "Tenez-vous les comptes ?"
THANKS = "Merci, c'est noté."
DOWN = "Cette réponse ne m'a pas aidé"
OFFER = "le plus simple est peut-être d'en parler"


@pytest.fixture(scope="module")
def mail_host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host


@pytest.fixture(scope="module")
def address(host: OpenAIServer, mail_host: MailHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = clean_environment(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=host.base_url,
        OKICHAT_RATE_LIMIT="500 per minute",
        OKICHAT_CACHE_TTL_S="0",
        OKICHAT_CONTACT_PHONE="01 99 00 12 34",
        OKICHAT_CONTACT_EMAIL="cabinet@exemple.fr",
        OKICHAT_SMTP_URL=f"smtp://127.0.0.1:{mail_host.port}",
        OKICHAT_DEADLINE_S="60",
        OKICHAT_FIRST_TOKEN_S="50",
        PYTHONPATH=str(ROOT),
    )
    with gunicorn(tmp_path_factory.mktemp("own"), *configured(), environment=environment) as served:
        yield served.url


@pytest.fixture
def model(host: OpenAIServer) -> OpenAIServer:
    host.forget()
    host.always_reply("Nous tenons **vos comptes**.")
    return host


@pytest.fixture(params=[True, False], ids=["javascript", "no-javascript"])
def visitor(request: pytest.FixtureRequest, browser: Browser, address: str, model: OpenAIServer) -> Iterator[Page]:
    """A page on a phone whose conversation has one answer."""
    context = browser.new_context(
        java_script_enabled=request.param, locale="fr-FR", viewport=PHONE, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(address)
    _ask(page, QUESTION, answers=1)
    yield page
    context.close()


@pytest.fixture
def scripted(browser: Browser, address: str, model: OpenAIServer) -> Iterator[Page]:
    """The same with JavaScript; what its console complains about fails the test."""
    context = browser.new_context(locale="fr-FR", viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    _ask(page, QUESTION, answers=1)
    yield page
    context.close()
    assert complaints == []


def _ask(page: Page, question: str, *, answers: int) -> None:
    page.get_by_label("Votre question").fill(question)
    page.get_by_role("button", name="Envoyer").first.click()
    expect(page.locator("article.answer:not(.pending)")).to_have_count(answers)


def test_a_vote_against_an_answer_asks_why_and_is_thanked_for(visitor: Page) -> None:
    visitor.get_by_role("button", name=DOWN).click()
    expect(visitor.get_by_role("radiogroup", name="Qu'est-ce qui n'allait pas ?")).to_be_visible()
    expect(visitor.get_by_text("Qu'est-ce qui n'allait pas ?")).to_be_focused()

    visitor.get_by_label("Il manque quelque chose").check()
    visitor.get_by_label("En quelques mots").fill("Le prix.")
    visitor.locator(".why").get_by_role("button", name="Envoyer").click()

    expect(visitor.get_by_text(THANKS)).to_be_focused()
    expect(visitor.get_by_role("button", name=DOWN)).to_have_count(0)
    expect(visitor.locator(".bubble.visitor")).to_have_count(1)


def test_a_second_answer_that_did_not_help_brings_the_way_to_a_human(visitor: Page) -> None:
    _ask(visitor, "Et la paie ?", answers=2)
    visitor.get_by_role("button", name=DOWN).first.click()
    expect(visitor.locator(".why")).to_have_count(1)
    assert visitor.get_by_text(OFFER).count() == 0

    visitor.get_by_role("button", name=DOWN).last.click()

    expect(visitor.get_by_text(OFFER)).to_be_visible()
    expect(visitor.locator("article.answer").last.get_by_role("link", name="01 99 00 12 34")).to_be_visible()


def test_the_conversation_is_downloaded_as_it_was(visitor: Page, tmp_path: Path) -> None:
    with visitor.expect_download() as download:
        visitor.get_by_role("button", name="Télécharger la conversation").click()

    download.value.save_as(tmp_path / "file")
    text = (tmp_path / "file").read_text(encoding="utf-8")
    assert download.value.suggested_filename.startswith("conversation-")
    assert QUESTION in text
    assert "Nous tenons **vos comptes**." in text
    expect(visitor.locator(".bubble.visitor")).to_have_text(QUESTION)


def test_the_other_language_keeps_the_conversation(visitor: Page) -> None:
    expect(visitor.get_by_role("link", name="English")).to_be_hidden()
    visitor.get_by_role("button", name="English").click()

    expect(visitor.get_by_role("link", name="Talk to someone")).to_be_visible()
    expect(visitor.locator(".bubble.visitor")).to_have_text(QUESTION)
    expect(visitor.get_by_role("button", name="Français")).to_be_visible()


def test_a_reload_or_the_way_back_goes_on_with_the_conversation_until_a_new_one_begins(scripted: Page) -> None:
    scripted.reload()
    expect(scripted.locator(".visitor")).to_have_text(QUESTION)
    _ask(scripted, "Quels sont vos horaires ?", answers=2)

    scripted.get_by_role("link", name="Confidentialité").click()
    scripted.wait_for_url("**/confidentialite")
    scripted.go_back()
    expect(scripted.locator("article.answer")).to_have_count(2)
    expect(scripted.get_by_role("button", name="Télécharger")).to_be_visible()

    scripted.get_by_role("link", name="Nouvelle conversation").click()
    expect(scripted.get_by_text("Les visiteurs demandent souvent")).to_be_visible()
    expect(scripted.locator("article.answer")).to_have_count(0)


def test_an_erased_conversation_leaves_a_fresh_page_that_says_so(visitor: Page) -> None:
    visitor.get_by_text("Effacer ma conversation").click()
    visitor.get_by_role("button", name="Effacer maintenant").click()

    expect(visitor.get_by_text("Votre conversation est effacée")).to_be_visible()
    expect(visitor.locator(".notice")).to_be_focused()
    expect(visitor.locator(".bubble.visitor")).to_have_count(0)
    expect(visitor.get_by_text("Les visiteurs demandent souvent")).to_be_visible()
    expect(visitor.get_by_role("button", name="Télécharger la conversation")).to_be_hidden()
    _ask(visitor, "Et la paie ?", answers=1)


def test_the_conversation_goes_by_mail_and_the_visitor_stays_where_they_are(
    scripted: Page, mail_host: MailHost
) -> None:
    scripted.get_by_label("Votre question").fill("à moitié")
    scripted.get_by_text("Par e-mail").click()
    scripted.get_by_label("Votre adresse e-mail").fill("camille@exemple.fr")
    scripted.keyboard.press("Enter")

    expect(scripted.get_by_role("status").get_by_text("C'est parti")).to_be_visible()
    assert mail_host.mails[-1]["To"] == "camille@exemple.fr"
    expect(scripted.get_by_label("Votre question")).to_have_value("à moitié")


def test_a_vote_does_not_disturb_the_answer_that_is_being_written(scripted: Page, model: OpenAIServer) -> None:
    rest = threading.Event()
    model.reply("mot " * 40, rest=rest)
    scripted.get_by_label("Votre question").fill("Et la paie ?")
    scripted.get_by_role("button", name="Envoyer").first.click()
    expect(scripted.locator("article.pending .live")).to_contain_text("mot")

    scripted.get_by_role("button", name="Cette réponse m'a aidé").click()
    expect(scripted.get_by_text(THANKS)).to_be_visible()

    expect(scripted.locator("article.pending")).to_have_count(1)
    rest.set()
    expect(scripted.locator("article.answer:not(.pending)")).to_have_count(2)
    expect(scripted.locator(".notice")).to_have_count(0)
    expect(scripted.get_by_role("button", name="Nouvelle réponse")).to_be_hidden()


def test_axe_finds_nothing_and_all_is_large_enough_with_everything_unfolded(scripted: Page) -> None:
    scripted.get_by_role("button", name=DOWN).click()
    expect(scripted.locator(".why")).to_be_visible()
    for words in ("Par e-mail", "Effacer ma conversation"):
        scripted.get_by_text(words).click()

    low = scripted.evaluate(
        """() => [...document.querySelectorAll('button, summary, .option, textarea, #mail-address, footer a')]
            .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
            .map(element => element.outerHTML.slice(0, 80))"""
    )
    assert low == []
    assert scripted.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert findings(scripted) == []


def test_a_vote_that_does_not_get_through_says_so_and_can_be_given_again(
    browser: Browser, address: str, model: OpenAIServer
) -> None:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    _ask(page, QUESTION, answers=1)
    up = page.get_by_role("button", name="Cette réponse m'a aidé")

    context.set_offline(True)
    up.click()
    expect(page.locator(".feedback").get_by_text("Cela n'est pas parti")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Cela n'est pas parti")
    up.click()
    expect(page.locator(".unsent")).to_have_count(1)
    assert findings(page) == []

    context.set_offline(False)
    up.click()
    expect(page.get_by_text(THANKS)).to_be_visible()
    expect(page.locator(".unsent")).to_have_count(0)
    context.close()


def test_a_vote_needs_no_mouse(scripted: Page) -> None:
    scripted.get_by_role("button", name="Cette réponse m'a aidé").focus()
    scripted.keyboard.press("Tab")
    expect(scripted.get_by_role("button", name=DOWN)).to_be_focused()

    scripted.keyboard.press("Enter")
    expect(scripted.get_by_text("Qu'est-ce qui n'allait pas ?")).to_be_focused()
    scripted.keyboard.press("Tab")
    scripted.keyboard.press("Space")

    expect(scripted.get_by_label("C'est inexact")).to_be_checked()
