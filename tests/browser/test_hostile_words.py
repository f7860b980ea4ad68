"""Known attacks in everything that comes from outside, through the whole app: none runs, none leads or reaches elsewhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Route, expect

from okichat.web.admin.spreadsheet import harmless
from tests.browser.hostile_stage import Watched, batches, watched, write_hostile_topics
from tests.doubles.openai_server import OpenAIServer
from tests.listening import serving
from tests.site import FRAGMENT, Site
from tests.waiting import wait_until
from tests.web.attacks import HTML, attacks

PASSWORD = "un mot de passe long"
EVERY = list(dict.fromkeys(attacks()))
ANSWERS = batches(EVERY[::3], 15_000, "\n\n")  # every one of them is in test_markdown_attacks.py
QUESTIONS = batches(EVERY, 470, " ")
SHORT = batches(HTML, 110, " ")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "=cmd|' /C calc'!A0", '";=1')
ASKED = "Quels sont vos tarifs pour {} salariés ?"
REQUEST_KEY = 'input[name="request_key"]'


@pytest.fixture(scope="module")
def model(host: OpenAIServer) -> OpenAIServer:
    return host


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, model: OpenAIServer) -> Iterator[Site]:
    """An app over hostile topics, whose model says whatever it is made to say."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    write_hostile_topics(folder / "knowledge", HTML)
    site = Site(
        {
            "DATABASE_URL": f"sqlite:///{folder / 'okichat.db'}",
            "OKICHAT_KNOWLEDGE": str(folder / "knowledge"),
            "OPENAI_API_KEY": "sk-test-key",
            "OPENAI_BASE_URL": model.base_url,
            "OKICHAT_MAX_OUTPUT_TOKENS": "4000",
            "OKICHAT_BUDGET_USD": "1000",
            "OKICHAT_CACHE_TTL_S": "0",
            "OKICHAT_GROUNDING": "no",
            "OKICHAT_MAX_TURNS": "1000",
            "OKICHAT_RATE_LIMIT": "10000 per minute",
            "OKICHAT_DAILY_LIMIT": "off",
            "OKICHAT_ADMIN_PASSWORD": PASSWORD,
            "OKICHAT_CONTACT_PHONE": "01 99 00 12 34",
        }
    )
    yield site
    site.close()


@pytest.fixture(scope="module")
def origin(site: Site) -> Iterator[str]:
    with serving(site.app) as address:
        yield address


@pytest.fixture(scope="module")
def conversation(site: Site, model: OpenAIServer) -> str:
    """A conversation of all the attacks as answers, and some as questions, reasons and messages; its signed reference."""
    signed = str(site.ask("Bonjour")["conversation"])
    for number, text in enumerate(ANSWERS):
        model.reply(text)
        said = site.ask(ASKED.format(number), conversation=signed)
        assert said["answered_by"] == "gpt", said
    for text in [*QUESTIONS[::8], *FORMULAS]:
        said = site.ask(text, conversation=signed)
        down = {"down": said["request_id"], "conversation": signed, "reason": "wrong", "words": text[:300]}
        assert site.client.post("/feedback", data=down, headers=FRAGMENT).status_code == 200
    for number, text in enumerate([*SHORT[::4], *FORMULAS]):
        message = {"name": text, "email": "a@b.example", "phone": "", "text": QUESTIONS[number], "attach": "1"}
        sent = site.client.post(
            "/contact",
            data={**message, "conversation": signed},
            environ_overrides={"REMOTE_ADDR": f"2001:db8:{number:x}::1"},
        )
        assert sent.status_code in (303, 400), text
    return signed


def test_in_the_chat_as_it_streams_as_one_fragment_and_as_a_whole_page(
    browser: Browser, origin: str, model: OpenAIServer
) -> None:
    with watched(browser, origin) as visitor:
        visitor.open("/")
        for number, (question, answer) in enumerate(
            zip(QUESTIONS[::16], batches(EVERY[::9], 6000, "\n\n"), strict=False)
        ):
            model.reply(answer)
            _ask(visitor, ASKED.format(number), answers=2 * number + 1)
            _ask(visitor, question, answers=2 * number + 2)
        visitor.look()

        visitor.page.route("**/chat", _without_stream)
        model.reply(ANSWERS[0])
        _ask(visitor, "Quels sont vos tarifs pour un commerce ?", answers=2 * number + 3)
        visitor.look()

        model.reply(ANSWERS[1])
        visitor.page.locator("#question").fill("Quels sont vos tarifs pour une association ?")
        with visitor.page.expect_navigation():
            visitor.page.evaluate("document.querySelector('#composer').submit()")
        expect(visitor.page.locator("article.answer")).to_have_count(2 * number + 4)
        visitor.look()

    assert visitor.found == []


def _ask(visitor: Watched, question: str, *, answers: int) -> None:
    key = visitor.page.locator(REQUEST_KEY).first.input_value()
    visitor.page.locator("#question").fill(question)
    visitor.page.locator("#send").click()
    expect(visitor.page.locator("article.answer:not(.pending)")).to_have_count(answers)
    expect(visitor.page.locator(REQUEST_KEY).first).not_to_have_value(key)


def _without_stream(route: Route) -> None:
    route.fallback(headers={**route.request.headers, "accept": "text/html"})


def test_in_forms_that_come_back_in_addresses_and_in_pages_of_mistakes(browser: Browser, origin: str) -> None:
    with watched(browser, origin) as visitor:
        for fields in batches(HTML, 3000, "\n")[:3]:
            visitor.open("/contact")
            for name in ("name", "email", "phone", "text"):
                visitor.page.evaluate(
                    "([name, text]) => { document.querySelector(`main [name=${name}]`).value = text; }", [name, fields]
                )
            with visitor.page.expect_navigation():
                visitor.page.evaluate("document.querySelector('main form').submit()")
            visitor.look()
        for payload in SHORT[::24]:
            given = quote(payload, safe="")
            for path in (
                f"/?lang={given}&frame={given}",
                f"/contact?sent={given}&conversation={given}&lang={given}",
                f"/{given}",
                f"/admin/sign-in?lang={given}&{given}={given}",
            ):
                visitor.open(path)
        visitor.open("/admin/sign-in?_scheme=javascript&_external=1&_anchor=%22onfocus=alert(1)")

    assert visitor.found == []
    assert visitor.seen > 15


def test_in_the_owners_dashboard(browser: Browser, origin: str, site: Site, conversation: str) -> None:
    thread = site.parts.references.read(conversation)
    hostile = quote(SHORT[0], safe="")
    with watched(browser, origin, viewport={"width": 1000, "height": 800}) as owner:
        owner.page.goto(f"{origin}/admin")
        owner.page.locator("input[type=password]").fill(PASSWORD)
        owner.page.locator("main form button").click()
        owner.page.wait_for_url("**/admin")
        for path in (
            "/admin",
            "/admin?days=30",
            "/admin/questions",
            f"/admin/questions?q={hostile}&topic={hostile}&day={hostile}",
            "/admin/questions?q=script",
            "/admin/questions/groups",
            f"/admin/questions/groups?done={hostile}&place={hostile}&turn={hostile}",
            f"/admin/conversations/{thread}",
            "/admin/messages?state=all",
            f"/admin/messages?state={hostile}&done={hostile}",
            f"/admin/knowledge?q={quote(QUESTIONS[3], safe='')}",
            "/admin/knowledge?q=Quels%20sont%20vos%20tarifs%20%3F",
            *[f"/admin/knowledge/fr/fiche-{number}" for number in (0, 24, 48, 72, 96, 120)],
            "/admin/security",
            "/admin/health",
            f"/admin?lang={hostile}&{hostile}=1",
        ):
            owner.open(path)
        assert owner.page.goto(f"{origin}/admin/conversations/{thread}")
        assert owner.page.locator("main").inner_text().count("alert(1)") > 200

    assert owner.found == []


def test_what_is_taken_along_is_a_text_and_never_a_formula(site: Site, conversation: str) -> None:
    transcript = site.client.post("/chat/transcript", data={"conversation": conversation})
    assert transcript.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert transcript.headers["Content-Disposition"].startswith("attachment")
    assert transcript.headers["X-Content-Type-Options"] == "nosniff"

    site.client.post("/admin/sign-in", data={"password": PASSWORD})
    for name, least in (("questions", 20), ("messages", 10)):
        export = site.client.get(f"/admin/{name}.csv")
        rows = list(csv.reader(io.StringIO(export.get_data(as_text=True)[1:]), delimiter=";"))
        cells = [cell for row in rows for cell in row]
        assert export.headers["Content-Disposition"].startswith("attachment")
        assert len(rows) > least
        assert any(cell.startswith("'=") for cell in cells)
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) or harmless(cell) != cell] == []


def test_the_same_browser_sees_attacks_that_are_put_on_a_page_as_they_are(browser: Browser, origin: str) -> None:
    attacking = [attack for attack in HTML if attack.startswith(("<img", "<input", "<details", "<iframe"))]
    with watched(browser, origin) as visitor:
        visitor.page.goto(origin)
        visitor.page.evaluate("html => { document.querySelector('main').innerHTML = html; }", "".join(attacking))
        visitor.look()
        harms = ("HARM alert", "attribute on", "element <iframe", "request https://evil.example")
        wait_until(lambda: all(harm in visitor.found_so_far() for harm in harms), "every kind of harm is seen")
