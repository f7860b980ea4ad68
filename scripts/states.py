"""Every state of the chat that pictures are taken of, and how a browser gets there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from scripts.stage import ANSWER, PASSWORD, Stage

QUESTION = "Que comprend la tenue comptable ?"


@dataclass(frozen=True)
class State:
    """How to get there; `scripts`: whether it is taken with JavaScript, without, or both; `whole`: the page beyond the fold."""

    name: str
    reach: Callable[[Page, Stage], None]
    scripts: tuple[bool, ...] = (True,)
    whole: bool = False


def _at(path: str) -> Callable[[Page, Stage], None]:
    return lambda page, stage: _open(page, stage.url + path)


def _open(page: Page, url: str) -> None:
    page.goto(url, wait_until="load")


def _ask(page: Page, question: str = QUESTION) -> None:
    page.fill("#question", question)
    page.click("#send")


def _answered(page: Page, stage: Stage, question: str = QUESTION) -> None:
    before = page.locator("article.answer:not(.pending)").count()
    _ask(page, question)
    page.locator("article.answer:not(.pending)").nth(before).wait_for()
    page.wait_for_timeout(200)


def _answer(page: Page, stage: Stage) -> None:
    stage.model.always_reply(ANSWER)
    _open(page, stage.url)
    _answered(page, stage)


def _waiting(page: Page, stage: Stage) -> None:
    stage.model.always_reply(ANSWER, gate=threading.Event())
    _open(page, stage.url)
    _ask(page)
    page.wait_for_selector(".pending")


def _streaming(page: Page, stage: Stage) -> None:
    stage.model.always_reply(ANSWER, token_delay_s=0.3)
    _open(page, stage.url)
    _ask(page)
    page.wait_for_selector(".pending .blocks p")


def _stopped(page: Page, stage: Stage) -> None:
    _streaming(page, stage)
    page.click(".stop")
    page.wait_for_selector(".retry")


def _offline(page: Page, stage: Stage) -> None:
    _open(page, stage.url)
    page.context.set_offline(True)
    _ask(page)
    page.wait_for_selector("#refusal .retry")


def _limited(page: Page, stage: Stage) -> None:
    _open(page, stage.spent)
    for number in range(3):
        page.fill("#question", f"{QUESTION} {number}")
        page.click("#send")
        page.wait_for_timeout(700)
        if page.locator(".refusal").count():
            break
    page.wait_for_selector(".refusal")


def _handed_off(page: Page, stage: Stage) -> None:
    stage.model.always_reply(ANSWER)
    _open(page, stage.url)
    _answered(page, stage, "Quelle est la recette de la tarte aux pommes ?")


def _long_thread(page: Page, stage: Stage) -> None:
    _answer(page, stage)
    for question in ("Combien cela coûte-t-il ?", "Et pour la paie de deux salariés ?"):
        _answered(page, stage, question)


def _why(page: Page, stage: Stage) -> None:
    _answer(page, stage)
    page.get_by_role("button", name="Cette réponse ne m'a pas aidé").click()
    page.wait_for_selector(".why")


def _kept(page: Page, stage: Stage) -> None:
    _answer(page, stage)
    page.get_by_text("Par e-mail").click()
    page.get_by_text("Effacer ma conversation").click()
    page.locator("#erase").scroll_into_view_if_needed()


def _contact_errors(page: Page, stage: Stage) -> None:
    _open(page, f"{stage.url}/contact")
    page.evaluate("document.querySelector('form.message').noValidate = true")
    page.fill("#email", "camille@")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector(".mistake")


def _contact_sent(page: Page, stage: Stage) -> None:
    _open(page, f"{stage.url}/contact")
    page.fill("#name", "Camille Martin")
    page.fill("#email", "camille@exemple.fr")
    page.fill("#text", "Pouvez-vous me rappeler demain ?")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector(".reference")


def _widget_closed(page: Page, stage: Stage) -> None:
    _open(page, stage.site_url)
    page.wait_for_selector("okichat-widget .launcher")


def _widget_open(page: Page, stage: Stage) -> None:
    stage.model.always_reply(ANSWER)
    _widget_closed(page, stage)
    page.locator("okichat-widget .launcher").click()
    page.frame_locator("okichat-widget iframe").locator("#question").wait_for()
    page.wait_for_timeout(300)


def _widget_answer(page: Page, stage: Stage) -> None:
    _widget_open(page, stage)
    frame = page.frame_locator("okichat-widget iframe")
    frame.locator("#question").fill(QUESTION)
    frame.locator("#send").click()
    frame.locator("article.answer:not(.pending)").wait_for()
    page.wait_for_timeout(200)


def _dashboard(page: Page, stage: Stage) -> None:
    _open(page, f"{stage.url}/admin/sign-in")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin")


def _brand(page: Page, stage: Stage) -> None:
    _open(page, stage.brand)
    _answered(page, stage, "Vos horaires ?")


BOTH = (True, False)
STATES = (
    State("empty", _at("/"), BOTH),
    State("english", _at("/?lang=en")),
    State("waiting", _waiting),
    State("streaming", _streaming),
    State("answer", _answer, BOTH),
    State("stopped", _stopped),
    State("offline", _offline),
    State("limited", _limited, BOTH),
    State("handed-off", _handed_off, BOTH),
    State("long-thread", _long_thread, BOTH),
    State("why", _why, BOTH),
    State("kept", _kept),
    State("patterns", _at("/patterns"), whole=True),
    State("contact", _at("/contact"), whole=True),
    State("contact-errors", _contact_errors, whole=True),
    State("contact-sent", _contact_sent),
    State("privacy", _at("/confidentialite"), whole=True),
    State("not-found", _at("/nowhere")),
    State("widget-closed", _widget_closed),
    State("widget-open", _widget_open),
    State("widget-answer", _widget_answer),
    State("sign-in", _at("/admin/sign-in")),
    State("dashboard", _dashboard, whole=True),
    State("brand", _brand, BOTH),
)
