"""The widget on a page of another site, in Chromium: 127.0.0.1 and localhost are two sites to a browser.

The host's pages are those of docs/demo, under a policy that allows nothing but what docs/embed.md asks for."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, BrowserType, FrameLocator, Page, expect

from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, Served, clean_environment, configured, gunicorn

DEMO = ROOT / "docs" / "demo"
CHAT_IN_DEMO = "http://127.0.0.1:8000"
POLICY = "default-src 'none'; style-src 'self'; script-src 'self' {chat}; frame-src {chat}; require-trusted-types-for 'script'"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
QUESTION = "Que comprend la tenue comptable ?"
ANSWER = "Nous tenons vos comptes."
STORED = "JSON.stringify([{...sessionStorage}, {...localStorage}])"


class _Host(ThreadingHTTPServer):
    """A site that shows the pages of docs/demo."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Page)
        self.chat = CHAT_IN_DEMO
        self.options = ""  # attributes that the embedding line has beside its own

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://localhost:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: _Host

    def do_GET(self) -> None:
        file = DEMO / self.path.lstrip("/")
        if not file.is_file():
            return self.send_error(404)
        text = file.read_text(encoding="utf-8").replace(CHAT_IN_DEMO, self.server.chat)
        body = text.replace('/embed.js"', f'/embed.js" {self.server.options}').encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{TYPES[file.suffix]}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY.format(chat=self.server.chat))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def _serving() -> Iterator[_Host]:
    with _Host() as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        yield host
        host.shutdown()
        thread.join()


@dataclass(frozen=True)
class Sites:
    """The chat, a site that may embed it, one that may not, and the model."""

    chat: Served
    host: _Host
    stranger: _Host
    model: OpenAIServer


@pytest.fixture(scope="module")
def served_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """All of them, for the whole module."""
    folder = tmp_path_factory.mktemp("chat")
    with OpenAIServer() as model, _serving() as host, _serving() as stranger:
        environment = clean_environment(
            PYTHONPATH=str(ROOT),
            OPENAI_API_KEY="sk-test-key",
            OPENAI_BASE_URL=model.base_url,
            OKICHAT_EMBED_ORIGINS=host.url,
            OKICHAT_RATE_LIMIT="1000 per minute",
            OKICHAT_CACHE_TTL_S="0",
            OKICHAT_THREADS="16",
        )
        with gunicorn(folder, *configured("--access-logfile", "-"), environment=environment) as chat:
            host.chat = stranger.chat = chat.url
            yield Sites(chat, host, stranger, model)


@pytest.fixture
def sites(served_sites: Sites) -> Sites:
    """As new."""
    served_sites.model.forget()
    served_sites.model.always_reply(ANSWER)
    served_sites.host.options = ""
    return served_sites


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


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: errors of scripts, violations of either site's policy."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda message: found.append(message.text) if "Security Policy" in message.text else None)
    return found


def _visit(page: Page, sites: Sites, path: str = "index.html") -> FrameLocator:
    page.goto(f"{sites.host.url}/{path}", wait_until="load")
    return page.frame_locator("okichat-widget iframe")


def _launcher(page: Page) -> Any:
    return page.locator("okichat-widget .launcher")


def _ask(frame: FrameLocator, question: str = QUESTION) -> None:
    frame.get_by_label("Votre question").fill(question)
    frame.get_by_label("Votre question").press("Enter")


def _stored(page: Page) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = json.loads(page.evaluate(STORED))
    return kept


def _chat_frame(page: Page, sites: Sites) -> Any:
    return next(frame for frame in page.frames if frame.url.startswith(sites.chat.url))


def _findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in violations for node in violation["nodes"]]


def test_the_launcher_alone_loads_nothing_but_itself(page: Page, sites: Sites, complaints: list[str]) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))

    _visit(page, sites)

    expect(page.get_by_role("button", name="Posez votre question")).to_be_visible()
    assert [url for url in requested if url.startswith(sites.chat.url)] == [f"{sites.chat.url}/embed.js"]
    assert _stored(page) == [{}, {}]
    assert complaints == []


def test_a_visitor_opens_it_asks_and_reads_the_answer_as_it_is_written(
    page: Page, sites: Sites, complaints: list[str]
) -> None:
    gate = threading.Event()
    sites.model.always_reply(f"{ANSWER}\n\nEt la **paie**.", gate=gate)
    frame = _visit(page, sites)

    _launcher(page).click()
    expect(frame.get_by_label("Votre question")).to_be_focused()
    _ask(frame)
    expect(frame.get_by_role("status")).to_have_text("L'assistant est en train d'écrire.")
    gate.set()

    expect(frame.get_by_role("article", name="Assistant")).to_contain_text("Et la paie.")
    expect(frame.locator("article strong")).to_have_text("paie")
    expect(frame.get_by_label("Votre question")).to_be_focused()
    assert complaints == []


def test_nothing_is_stored_before_the_first_question_and_one_reference_after_it(visitor: Visitor, sites: Sites) -> None:
    page = visitor(third_party_cookies=True)
    frame = _visit(page, sites)
    _launcher(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    inside = _chat_frame(page, sites)
    assert (_stored(page), json.loads(inside.evaluate(STORED)), page.context.cookies()) == ([{}, {}], [{}, {}], [])

    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)

    assert [list(kept) for kept in _stored(page)] == [[f"okichat {sites.chat.url}"], []]
    assert (json.loads(inside.evaluate(STORED)), page.context.cookies()) == ([{}, {}], [])


def test_the_conversation_survives_a_change_of_page_in_one_request(
    page: Page, sites: Sites, complaints: list[str]
) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    reference = next(iter(_stored(page)[0].values()))
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.method, request.url)))

    page.get_by_role("link", name="Tarifs").press("Enter")
    page.wait_for_url("**/tarifs.html")
    _launcher(page).click()

    expect(frame.locator(".visitor")).to_have_text(QUESTION)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    assert [url for method, url in asked if method == "POST"] == [f"{sites.chat.url}/widget?lang=fr"]
    assert not [url for _, url in asked if reference in url]
    assert reference not in sites.chat.log.read_text()

    _ask(frame, "Et pour une association ?")
    expect(frame.get_by_role("article")).to_have_count(2)
    assert QUESTION in str(sites.model.requests[-1].body)  # the same conversation, as the model sees it
    assert complaints == []


def test_a_new_conversation_forgets_the_old_one(page: Page, sites: Sites) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)

    frame.get_by_role("link", name="Nouvelle conversation").click()

    expect(frame.get_by_role("button", name="Quels sont vos tarifs ?")).to_be_visible()
    expect(frame.get_by_role("article")).to_have_count(0)
    assert _stored(page) == [{}, {}]


def test_an_erased_conversation_is_forgotten_by_the_site_too(page: Page, sites: Sites, complaints: list[str]) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)

    frame.get_by_text("Effacer ma conversation").click()
    frame.get_by_role("button", name="Effacer maintenant").click()

    expect(frame.get_by_text("Votre conversation est effacée")).to_be_visible()
    expect(frame.locator(".visitor")).to_have_count(0)
    page.wait_for_function(f"{STORED} === '[{{}},{{}}]'")
    _ask(frame, "Quels sont vos tarifs ?")
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    assert QUESTION not in str(sites.model.requests[-1].body)
    assert len(_stored(page)[0]) == 1
    assert complaints == []


def test_an_answer_is_voted_on_in_the_frame(page: Page, sites: Sites, complaints: list[str]) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    _ask(frame)

    frame.get_by_role("button", name="Cette réponse m'a aidé").click()

    expect(frame.get_by_text("Merci, c'est noté.")).to_be_visible()
    assert complaints == []


def test_the_keyboard_alone_opens_leaves_and_comes_back(page: Page, sites: Sites) -> None:
    frame = _visit(page, sites)
    launcher = _launcher(page)
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


def test_a_button_of_the_site_asks_and_gets_its_focus_back(page: Page, sites: Sites) -> None:
    frame = _visit(page, sites)
    own = page.get_by_role("button", name="Vos horaires ?")

    own.click()
    expect(frame.locator(".visitor")).to_have_text("Quels sont vos horaires ?")
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    page.keyboard.press("Escape")
    expect(own).to_be_focused()

    page.evaluate("OkiChat.ask('Et le samedi ?')")
    expect(frame.locator(".visitor").last).to_have_text("Et le samedi ?")
    page.evaluate("OkiChat.close()")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.evaluate("OkiChat.open()")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_options_are_those_of_the_site(page: Page, sites: Sites) -> None:
    sites.host.options = 'data-lang="en"'
    frame = _visit(page, sites, "tarifs.html")
    launcher = page.get_by_role("button", name="Une question ?")

    launcher.click()

    expect(launcher).to_have_css("background-color", "rgb(242, 183, 5)")
    expect(launcher).to_have_css("color", "rgb(0, 0, 0)")  # white would not be readable on it
    assert page.get_by_role("dialog", name="The assistant of Oki Expertise").bounding_box()["x"] < 40  # type: ignore[index]
    expect(frame.get_by_text("Une question sur nos tarifs ?")).to_be_visible()
    expect(frame.get_by_role("button", name="Send")).to_have_css("background-color", "rgb(242, 183, 5)")


def test_open_on_load_takes_no_focus_even_with_a_conversation_to_bring_back(page: Page, sites: Sites) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    sites.host.options = "data-open"

    _visit(page, sites)

    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_the_styles_of_the_site_stay_outside_and_ours_inside(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.host.url}/index.html")
    before = page.get_by_role("button", name="Vos horaires ?").bounding_box()

    _launcher(page).click()

    expect(_launcher(page)).to_have_css("text-transform", "none")
    expect(_launcher(page)).to_have_css("letter-spacing", "normal")
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
    frame = _visit(page, sites)
    expect(page.get_by_role("dialog")).to_have_count(0)

    _launcher(page).tap()
    expect(frame.get_by_role("log")).to_be_focused()  # the field would bring the keyboard up

    assert page.get_by_role("dialog").bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert page.locator("okichat-widget dialog:modal").count() == 1
    assert _chat_frame(page, sites).evaluate("document.documentElement.scrollWidth") == 360
    frame.get_by_role("button", name="Fermer").tap()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(_launcher(page)).to_be_focused()
    page.close()


def test_a_site_that_is_not_named_cannot_frame_it_but_its_visitors_get_a_link(page: Page, sites: Sites) -> None:
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text))
    page.goto(f"{sites.stranger.url}/index.html")

    _launcher(page).click()

    link = page.get_by_role("link", name="Ouvrir l'assistant dans un nouvel onglet")
    expect(link).to_be_visible()
    expect(link).to_have_attribute("href", f"{sites.chat.url}/?lang=fr")
    expect(page.locator("okichat-widget iframe")).to_be_hidden()
    assert any("frame-ancestors" in refusal for refusal in refusals)
    page.keyboard.press("Escape")
    expect(_launcher(page)).to_be_focused()


def test_a_page_of_another_site_is_neither_heard_nor_told_anything(page: Page, sites: Sites) -> None:
    frame = _visit(page, sites)
    _launcher(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()

    page.evaluate("postMessage({okichat: {conversation: 'forged', close: true}}, '*')")  # right words, wrong window
    page.wait_for_function("new Promise(done => setTimeout(done, 100, true))")

    expect(page.get_by_role("dialog")).to_be_visible()
    assert _stored(page) == [{}, {}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", "tarifs.html"])
def test_axe_finds_nothing(browser: Browser, sites: Sites, path: str, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    frame = _visit(page, sites, path)
    closed = _findings(page)

    _launcher(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    opened = _findings(page)
    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    answered = _findings(page)

    assert (closed, opened, answered) == ([], [], [])
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('okichat-widget').shadowRoot.querySelector('dialog')).transitionDuration"
        )
        == "0s"
    )
    page.close()


def test_it_works_where_the_browser_blocks_third_party_cookies(visitor: Visitor, sites: Sites) -> None:
    page = visitor(third_party_cookies=False)
    frame = _visit(page, sites)
    _launcher(page).click()
    expect(frame.get_by_role("button", name="Fermer")).to_be_visible()
    blocked = _chat_frame(page, sites).evaluate("() => { try { return !localStorage; } catch { return true; } }")
    assert blocked  # or this test would prove nothing

    _ask(frame)
    expect(frame.get_by_role("article")).to_contain_text(ANSWER)
    _visit(page, sites, "tarifs.html")
    _launcher(page).click()

    expect(frame.locator(".visitor")).to_have_text(QUESTION)
    assert page.context.cookies() == []


def test_without_javascript_the_site_has_a_link_and_the_frame_a_form(browser: Browser, sites: Sites) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    _visit(page, sites)
    expect(page.get_by_role("link", name="Posez-nous votre question")).to_have_attribute("href", f"{sites.chat.url}/")

    page.goto(f"{sites.chat.url}/widget")
    page.get_by_label("Votre question").fill(QUESTION)
    page.get_by_role("button", name="Envoyer").click()

    expect(page.get_by_role("article")).to_contain_text(ANSWER)
    assert re.search(r"/chat\?frame=widget$", page.url)
    expect(page.locator("base[target=_blank]")).to_have_count(1)
    context.close()
