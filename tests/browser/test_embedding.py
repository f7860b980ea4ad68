"""The widget as the site meets it that embeds it: what it loads, what may be set, what it leaves alone, whom it obeys."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import findings
from tests.browser.embedded import ANSWER, Sites, ask, chat_frame, launcher_of, read_answer, stored, visit
from tests.waiting import wait_until


def test_the_launcher_alone_loads_nothing_but_itself(page: Page, sites: Sites, complaints: list[str]) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))

    visit(page, sites)

    expect(page.get_by_role("button", name="Posez votre question")).to_be_visible()
    assert [url for url in requested if url.startswith(sites.chat.url)] == [f"{sites.chat.url}/embed.js"]
    assert stored(page) == [{}, {}]
    assert complaints == []


def test_a_button_of_the_site_asks_and_gets_its_focus_back(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    own = page.get_by_role("button", name="Vos horaires ?")

    own.click()
    expect(frame.locator(".visitor")).to_have_text("Quels sont vos horaires ?")
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    page.keyboard.press("Escape")
    expect(own).to_be_focused()

    page.evaluate("OkiChat.ask('Et le samedi ?')")
    expect(frame.locator(".visitor").last).to_have_text("Et le samedi ?")
    expect(frame.locator("article.answer:not(.pending)")).to_have_count(2)
    page.evaluate("OkiChat.close()")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.evaluate("OkiChat.open()")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_what_a_button_of_the_site_asks_meanwhile_is_asked_after_the_answer_at_hand(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    written = threading.Event()
    sites.model.reply("Le matin et **l'après-midi**.", gate=written)
    own = page.get_by_role("button", name="Vos horaires ?")
    own.click()
    expect(frame.locator(".pending")).to_be_visible()

    own.click()
    page.evaluate("OkiChat.ask('Et le dimanche ?')")
    page.evaluate("OkiChat.ask('Et le samedi ?')")
    written.set()

    expect(frame.get_by_role("article").last).to_contain_text(ANSWER)
    expect(frame.locator(".visitor")).to_have_text(["Quels sont vos horaires ?", "Et le samedi ?"])


def test_the_options_are_those_of_the_site(page: Page, sites: Sites) -> None:
    sites.host.options = 'data-lang="en"'
    frame = visit(page, sites, "tarifs.html")
    launcher = page.get_by_role("button", name="Une question ?")

    launcher.click()

    expect(launcher).to_have_css("background-color", "rgb(242, 183, 5)")
    expect(launcher).to_have_css("color", "rgb(0, 0, 0)")  # white would not be readable on it
    assert page.get_by_role("dialog", name="The assistant of Oki Expertise").bounding_box()["x"] < 40  # type: ignore[index]
    expect(frame.get_by_text("Une question sur nos tarifs ?")).to_be_visible()
    expect(frame.get_by_role("button", name="Send")).to_have_css("background-color", "rgb(242, 183, 5)")


def test_open_on_load_takes_no_focus_even_with_a_conversation_to_bring_back(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    ask(frame)
    read_answer(page, frame)
    sites.host.options = "data-open"

    visit(page, sites)

    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_the_styles_of_the_site_stay_outside_and_ours_inside(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.host.url}/index.html")
    before = page.get_by_role("button", name="Vos horaires ?").bounding_box()

    launcher_of(page).click()

    expect(launcher_of(page)).to_have_css("text-transform", "none")
    expect(launcher_of(page)).to_have_css("letter-spacing", "normal")
    expect(page.locator("okichat-widget iframe")).to_be_visible()  # although the site hides its own frames
    assert page.get_by_role("button", name="Vos horaires ?").bounding_box() == before
    assert (
        page.evaluate(
            "document.adoptedStyleSheets.length + document.querySelectorAll('[style]:not(okichat-widget)').length"
        )
        == 0
    )


def test_it_fills_a_phone_and_keeps_the_page_behind_it_out_of_reach(browser: Browser, sites: Sites) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    sites.host.options = "data-open"  # not on a phone, where it would hide the page
    frame = visit(page, sites)
    expect(page.get_by_role("dialog")).to_have_count(0)

    launcher_of(page).tap()
    expect(frame.get_by_role("log")).to_be_focused()  # the field would bring the keyboard up

    whole = {"x": 0, "y": 0, "width": 360, "height": 740}
    wait_until(lambda: page.get_by_role("dialog").bounding_box() == whole, "it has come up, and fills the phone")
    assert page.locator("okichat-widget dialog:modal").count() == 1
    assert chat_frame(page, sites).evaluate("document.documentElement.scrollWidth") == 360
    frame.get_by_role("button", name="Fermer").tap()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(launcher_of(page)).to_be_focused()
    page.close()


def test_a_site_that_is_not_named_cannot_frame_it_but_its_visitors_get_a_link(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.stranger.url}/index.html")

    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        launcher_of(page).click()

    link = page.get_by_role("link", name="Ouvrir l'assistant dans un nouvel onglet")
    expect(link).to_be_visible()
    expect(link).to_have_attribute("href", f"{sites.chat.url}/?lang=fr")
    expect(page.locator("okichat-widget iframe")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(launcher_of(page)).to_be_focused()


def test_a_page_of_another_site_is_neither_heard_nor_told_anything(page: Page, sites: Sites) -> None:
    frame = visit(page, sites)
    launcher_of(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()

    page.evaluate("postMessage({okichat: {conversation: 'forged', close: true}}, '*')")  # right words, wrong window
    page.wait_for_function("new Promise(done => setTimeout(done, 100, true))")

    expect(page.get_by_role("dialog")).to_be_visible()
    assert stored(page) == [{}, {}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", "tarifs.html"])
def test_axe_finds_nothing_whether_the_chat_is_closed_open_or_has_answered(
    browser: Browser, sites: Sites, path: str, scheme: Any
) -> None:
    page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    frame = visit(page, sites, path)
    closed = findings(page)

    launcher_of(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    opened = findings(page)
    ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    answered = findings(page)

    assert (closed, opened, answered) == ([], [], [])
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('okichat-widget').shadowRoot.querySelector('dialog')).transitionDuration"
        )
        == "0s"
    )
    page.close()
