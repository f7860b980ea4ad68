"""The widget on a page of another site, as a visitor uses it: asks, reads, changes the page, leaves and comes back."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.browser.embedded import (
    ANSWER,
    QUESTION,
    STORED,
    Sites,
    ask,
    chat_frame,
    launcher_of,
    read_answer,
    stored,
    visit,
    wait_until_forgotten,
)

Visitor = Callable[..., Page]


@pytest.fixture
def visitor(browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path) -> Iterator[Visitor]:
    """Opens a page of a browser with a profile of its own, which blocks third-party cookies and storage or does not.

    The other tests browse privately, where Chromium blocks both by itself."""
    contexts: list[BrowserContext] = []

    def open_page(*, third_party_cookies: bool) -> Page:
        preferences = tmp_path / "Default" / "Preferences"
        preferences.parent.mkdir()
        controls = {
            "block_third_party_cookies": not third_party_cookies,
            "cookie_controls_mode": int(not third_party_cookies),
        }
        preferences.write_text(json.dumps({"profile": controls}))
        contexts.append(browser_type.launch_persistent_context(tmp_path, **browser_type_launch_args))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def test_a_visitor_opens_it_asks_and_reads_the_answer_as_it_is_written(
    page: Page, sites: Sites, complaints: list[str]
) -> None:
    gate = threading.Event()
    sites.model.always_reply(f"{ANSWER}\n\nEt la **paie**.", gate=gate)
    frame = visit(page, sites)

    launcher_of(page).click()
    expect(frame.get_by_label("Votre question")).to_be_focused()
    ask(frame)
    expect(frame.get_by_role("status")).to_have_text("L'assistant est en train d'écrire.")
    gate.set()

    expect(frame.get_by_role("article", name="Assistant")).to_contain_text("Et la paie.")
    expect(frame.locator("article strong")).to_have_text("paie")
    expect(frame.get_by_label("Votre question")).to_be_focused()
    assert complaints == []


def test_nothing_is_stored_before_the_first_question_and_one_reference_after_it(visitor: Visitor, sites: Sites) -> None:
    page = visitor(third_party_cookies=True)
    frame = visit(page, sites)
    launcher_of(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    inside = chat_frame(page, sites)
    assert (stored(page), json.loads(inside.evaluate(STORED)), page.context.cookies()) == ([{}, {}], [{}, {}], [])

    ask(frame)
    read_answer(page, frame)

    assert [list(kept) for kept in stored(page)] == [[f"okichat {sites.chat.url}"], []]
    assert (json.loads(inside.evaluate(STORED)), page.context.cookies()) == ([{}, {}], [])


def test_the_conversation_survives_a_change_of_page_in_one_request(
    page: Page, sites: Sites, complaints: list[str]
) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    ask(frame)
    reference = read_answer(page, frame)
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.method, request.url)))

    page.get_by_role("link", name="Tarifs").press("Enter")
    page.wait_for_url("**/tarifs.html")
    launcher_of(page).click()

    expect(frame.locator(".visitor")).to_have_text(QUESTION)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    assert [url for method, url in asked if method == "POST"] == [f"{sites.chat.url}/widget?lang=fr"]
    assert not [url for _, url in asked if reference in url]
    assert reference not in sites.chat.log.read_text()

    ask(frame, "Et pour une association ?")
    expect(frame.locator("article.answer:not(.pending)")).to_have_count(2)
    assert QUESTION in str(sites.model.requests[-1].body)  # the same conversation, as the model sees it
    assert complaints == []


def test_a_new_conversation_forgets_the_old_one(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    ask(frame)
    read_answer(page, frame)

    frame.get_by_role("link", name="Nouvelle conversation").click()

    expect(frame.get_by_role("button", name="Quels sont vos tarifs ?")).to_be_visible()
    expect(frame.get_by_role("article")).to_have_count(0)
    wait_until_forgotten(page)


def test_an_erased_conversation_is_forgotten_by_the_site_too(page: Page, sites: Sites, complaints: list[str]) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    ask(frame)
    read_answer(page, frame)

    frame.get_by_text("Effacer ma conversation").click()
    frame.get_by_role("button", name="Effacer maintenant").click()

    expect(frame.get_by_text("Votre conversation est effacée")).to_be_visible()
    expect(frame.locator(".visitor")).to_have_count(0)
    wait_until_forgotten(page)
    ask(frame, "Quels sont vos tarifs ?")
    assert read_answer(page, frame)
    assert QUESTION not in str(sites.model.requests[-1].body)
    assert complaints == []


def test_an_answer_is_voted_on_in_the_frame(page: Page, sites: Sites, complaints: list[str]) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    ask(frame)

    frame.get_by_role("button", name="Cette réponse m'a aidé").click()

    expect(frame.get_by_text("Merci, c'est noté.")).to_be_visible()
    assert complaints == []


def test_the_keyboard_alone_opens_leaves_and_comes_back(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    launcher = launcher_of(page)
    dialog = page.get_by_role("dialog", name="L'assistant de Oki Expertise")

    launcher.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(launcher).to_have_attribute("aria-expanded", "true")
    expect(frame.get_by_label("Votre question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(launcher).to_be_focused()
    expect(launcher).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Enter")
    expect(frame.get_by_label("Votre question")).to_be_focused()
    frame.get_by_role("button", name="Fermer").press("Enter")
    expect(launcher).to_be_focused()


def test_it_works_where_the_browser_blocks_third_party_cookies(visitor: Visitor, sites: Sites) -> None:
    page = visitor(third_party_cookies=False)
    frame = visit(page, sites)
    launcher_of(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    blocked = chat_frame(page, sites).evaluate("() => { try { return !localStorage; } catch { return true; } }")
    assert blocked  # or this test would prove nothing

    ask(frame)
    read_answer(page, frame)
    visit(page, sites, "tarifs.html")
    launcher_of(page).click()

    expect(frame.locator(".visitor")).to_have_text(QUESTION)
    assert page.context.cookies() == []


def test_without_javascript_the_site_has_a_link_and_the_frame_a_form(browser: Browser, sites: Sites) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visit(page, sites)
    expect(page.get_by_role("link", name="Posez-nous votre question")).to_have_attribute("href", f"{sites.chat.url}/")

    page.goto(f"{sites.chat.url}/widget")
    page.get_by_label("Votre question").fill(QUESTION)
    page.get_by_role("button", name="Envoyer").click()

    expect(page.get_by_role("article")).to_contain_text(ANSWER)
    assert re.search(r"/chat\?frame=widget$", page.url)
    expect(page.locator("base[target=_blank]")).to_have_count(1)
    context.close()
