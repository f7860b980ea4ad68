"""The owner's dashboard in Chromium: readable by everybody at every width, and nothing a visitor wrote runs there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect
from sqlalchemy import insert

from okichat.contact.message import Message
from okichat.storage.tables import turns
from tests.browser.axe import findings
from tests.listening import serving
from tests.site import Site
from tests.web.attacks import HTML, attacks

PASSWORD = "un mot de passe long"
CONVERSATION = "c" * 16
SCREENS = (
    "/admin",
    "/admin?days=30",
    "/admin/questions",
    "/admin/questions/groups?done=ignored&turn=a1",
    f"/admin/conversations/{CONVERSATION}",
    "/admin/messages?state=all",
    "/admin/knowledge?q=Quels sont vos tarifs ?",
    "/admin/knowledge/fr/tarifs",
    "/admin/security",
    "/admin/security?days=30",
    "/admin/health",
    "/admin?lang=en",
)
LONG_WORD = "anticonstitutionnellement" * 8


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """An app whose owner has a password, with a question of every rung and some messages."""
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    for question in ("Quels sont vos horaires ?", "Quelle est la capitale de l'Australie ?", "Bonjour"):
        site.ask(question)
    _ask(site, LONG_WORD, LONG_WORD)
    for _ in range(5):
        site.parts.security.note("spam", "0123456789abcdef", "links")
    site.parts.upkeep.do_round()  # which tells of an abuse attempt
    site.parts.messages.keep(Message(LONG_WORD, email="camille@exemple.fr", phone="06 12 34 56 78", name="Camille"))
    return site


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    with serving(site.app) as address:
        yield address


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: errors of scripts, violations of the policy, dialogs that a script opened."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)

    def refuse(dialog: Dialog) -> None:
        found.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    return found


def _ask(site: Site, question: str, answer: str) -> None:
    """A question as the store keeps it."""
    now = site.parts.clock.now()
    row = {"id": secrets.token_hex(8), "conversation": CONVERSATION, "asked_at": now, "answered_at": now}
    more = {"language": "fr", "question": question, "answer": answer, "answered_by": "gpt", "notice": "timeout"}
    lists: dict[str, Any] = {
        "citations": [],
        "suggestions": [],
        "passed": [],
        "feedback": "down",
        "feedback_reason": question,
    }
    with site.parts.store.write() as connection:
        connection.execute(insert(turns), {**row, **more, **lists})


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer").click()
    page.wait_for_url(re.compile("/admin$"))


LOW = """() => [...document.querySelectorAll('button, summary, select, input:not(.visually-hidden), .button, nav a')]
    .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
    .map(element => element.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (1280, "light")])
def test_every_screen_can_be_read_by_everybody_and_is_not_wider_than_the_window(
    browser: Browser, url: str, width: int, scheme: Any
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{url}/admin")
    assert findings(page) == []
    _sign_in(page, url)

    for path in SCREENS:
        page.goto(url + path)

        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(LOW) == [], path
    page.close()


def test_nothing_that_visitors_wrote_runs(page: Page, site: Site, url: str, complaints: list[str]) -> None:
    for number, attack in enumerate(dict.fromkeys(attacks())):
        _ask(site, f"{attack} {number}", attack)
    for attack in HTML[:150]:
        message = Message(attack, email="a@b.example", name=attack[:120], with_conversation=True)
        site.parts.messages.keep(message, CONVERSATION)
    _sign_in(page, url)

    for path in (
        "/admin/questions",
        "/admin/questions?q=script",
        f"/admin/conversations/{CONVERSATION}",
        "/admin/messages",
        "/admin",
    ):
        page.goto(url + path, wait_until="load")
        foreign = page.evaluate(
            "[...document.querySelectorAll('main script, main img, main iframe, main object, main style, main base')].length"
        )
        assert foreign == 0, path

    assert complaints == []


def test_today_refreshes_itself_and_leaves_an_open_table_open(
    page: Page, site: Site, url: str, complaints: list[str]
) -> None:
    page.clock.install()
    _sign_in(page, url)
    expect(page.locator(".sentence")).to_contain_text("4 questions")
    table = page.locator("details").first
    table.locator("summary").click()
    expect(table).to_have_attribute("open", "")

    site.ask("Quels sont vos tarifs ?")
    page.clock.fast_forward(31_000)

    expect(page.locator(".sentence")).to_contain_text("5 questions")
    expect(table).to_have_attribute("open", "")
    assert complaints == []


def test_without_javascript_the_owner_signs_in_searches_ticks_off_and_signs_out(browser: Browser, url: str) -> None:
    page = browser.new_context(java_script_enabled=False, locale="fr-FR").new_page()
    _sign_in(page, url)

    page.get_by_role("link", name="Questions", exact=True).click()
    page.get_by_label("Mot, ou référence").fill("horaires")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_role("link", name="Messages").click()
    page.get_by_role("button", name="Marquer comme répondu").click()
    expect(page.get_by_role("status")).to_contain_text("est noté comme répondu")
    page.get_by_role("button", name="Se déconnecter").click()

    expect(page.get_by_label("Mot de passe")).to_be_visible()
    page.context.close()
