"""The widget on a page of another site, as tests use it: 127.0.0.1 and localhost are two sites to a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.demo_site import DemoSite
from tests.doubles.openai_server import OpenAIServer
from tests.served import Served

QUESTION = "Que comprend la tenue comptable ?"
ANSWER = "Nous tenons vos comptes."
STORED = "JSON.stringify([{...sessionStorage}, {...localStorage}])"


@dataclass(frozen=True)
class Sites:
    """The chat, a site that may embed it, one that may not, and the model."""

    chat: Served
    host: DemoSite
    stranger: DemoSite
    model: OpenAIServer


def visit(page: Page, sites: Sites, path: str = "index.html") -> FrameLocator:
    """Open a page of the host; gives the frame of the chat."""
    page.goto(f"{sites.host.url}/{path}", wait_until="load")
    return page.frame_locator("okichat-widget iframe")


def launcher_of(page: Page) -> Any:
    """The button that opens the chat."""
    return page.locator("okichat-widget .launcher")


def ask(frame: FrameLocator, question: str = QUESTION) -> None:
    """Type a question and send it, once the frame is shown and no answer is being written."""
    expect(frame.owner).to_be_visible()
    expect(frame.locator("#send")).to_be_enabled()
    frame.get_by_label("Votre question").fill(question)
    frame.get_by_label("Votre question").press("Enter")


def read_answer(page: Page, frame: FrameLocator) -> str:
    """Wait until the answer is whole and the page keeps the conversation; gives its reference."""
    expect(frame.locator("article.answer:not(.pending)").last).to_contain_text(ANSWER)
    page.wait_for_function("sessionStorage.length === 1")
    [reference] = stored(page)[0].values()
    return reference


def wait_until_forgotten(page: Page) -> None:
    """Until the page keeps nothing."""
    page.wait_for_function(f"{STORED} === '[{{}},{{}}]'")


def stored(page: Page) -> list[dict[str, str]]:
    """What the page keeps of the visitor: for the session, and for longer."""
    kept: list[dict[str, str]] = json.loads(page.evaluate(STORED))
    return kept


def chat_frame(page: Page, sites: Sites) -> Any:
    """The chat's own document."""
    return next(frame for frame in page.frames if frame.url.startswith(sites.chat.url))
