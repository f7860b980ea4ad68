"""How the chat looks and behaves in Chromium: weight, accessibility of every state, what stays where."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from okichat.content import folder
from okichat.web import patterns
from tests.browser.axe import findings
from tests.doubles.openai_server import OpenAIServer
from tests.listening import serving
from tests.site import Site
from tests.waiting import wait_until

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
CONTACT = {
    "OKICHAT_CONTACT_PHONE": "01 99 00 12 34",
    "OKICHAT_CONTACT_WHATSAPP": "+33 6 39 98 12 34",
    "OKICHAT_CONTACT_EMAIL": "contact@cabinet.example",
}
QUESTION = "Que comprend la tenue comptable ?"
LISTEN = """() => {
    const status = document.querySelector("#status");
    window.announced = [];
    new MutationObserver(() => status.textContent.trim() && announced.push(status.textContent.trim()))
        .observe(status, { childList: true, subtree: true, characterData: true });
}"""
EXCHANGE = """
- log "Conversation":
  - paragraph: /.+/
  - list:
    - listitem:
      - heading /Vous, \\d+:\\d+/ [level=2]
      - paragraph: Que comprend la tenue comptable ?
      - article "Assistant":
        - paragraph:
          - text: Nous tenons
          - strong: vos comptes
        - group: /GPT.+/
        - time: /\\d+:\\d+/
        - button "Cette réponse m'a aidé"
        - button "Cette réponse ne m'a pas aidé"
        - button "Copier"
"""
LONG_ANSWER = "Nous tenons vos comptes, chaque mois.\n\n" * 28
BELOW_THE_FOLD = "document.querySelector('main').getBoundingClientRect().bottom - innerHeight"
# As a reader does it: whoever listens has heard of every scrolling before it, and then of this one.
SCROLL_UP = """async () => {
    const frames = async () => { for (const _ of [1, 2]) await new Promise(requestAnimationFrame); };
    await frames();
    scrollTo(0, 0);
    await frames();
}"""


def _wait_until_under_the_header(place: Locator) -> None:
    """Until its upper edge is where reading begins."""
    wait_until(lambda: (box := place.bounding_box()) and 60 < box["y"] < 130, "it stands under the header")


@contextmanager
def _serving(site: Site) -> Iterator[str]:
    site.app.register_blueprint(patterns.blueprint)
    with serving(site.app) as address:
        yield address


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """No motion: axe would measure the contrast of what is half faded in."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def url(open_site: Callable[..., Site]) -> Iterator[str]:
    """An app without a key, served."""
    with _serving(open_site(**CONTACT)) as address:
        yield address


@pytest.fixture
def gpt_url(open_site: Callable[..., Site], model: OpenAIServer) -> Iterator[str]:
    """An app whose questions go to `model`, served."""
    patient = {"OKICHAT_FIRST_TOKEN_S": "100", "OKICHAT_DEADLINE_S": "200"}  # axe looks while the model waits
    with _serving(
        open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, **CONTACT, **patient)
    ) as address:
        yield address


def _ask(page: Page, question: str = QUESTION) -> None:
    """With the keyboard, once no answer is being written."""
    expect(page.locator("#send")).to_be_enabled()
    page.get_by_label("Votre question").fill(question)
    page.keyboard.press("Enter")


def test_the_first_load_is_at_most_30_kib_in_6_requests_to_this_site_alone(page: Page, url: str) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    requested: list[str] = []
    received_bytes: list[float] = []
    session.on("Network.requestWillBeSent", lambda event: requested.append(event["request"]["url"]))
    session.on("Network.loadingFinished", lambda event: received_bytes.append(event["encodedDataLength"]))

    page.goto(url, wait_until="networkidle")

    assert all(address.startswith(url) for address in requested)
    assert len(requested) <= 6
    assert sum(received_bytes) <= 30 * 1024


def test_our_own_script_stays_under_2_kib_compressed() -> None:
    assert len(gzip.compress((folder("static") / "chat.js").read_bytes(), 9)) <= 2048


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone-light", "desktop-dark"])
@pytest.mark.parametrize("path", ["/", "/patterns", "/contact", "/confidentialite", "/nowhere", "/?lang=en"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    browser: Browser, url: str, path: str, size: Any, scheme: Any
) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.goto(url + path)

    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.close()


def test_everything_to_touch_is_44_pixels_high(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{url}/patterns")

    low = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, .button, footer a, textarea, .identity, .option, input:not([type=hidden], [type=radio], [type=checkbox])')]
            .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
            .map(element => element.outerHTML.slice(0, 80))"""
    )

    assert low == []
    page.close()


@pytest.mark.parametrize("size", [(640, 480), (320, 256)], ids=["200-percent", "400-percent"])
def test_enlarged_text_is_neither_cut_nor_covered(browser: Browser, url: str, size: tuple[int, int]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    for path in ("/patterns", "/contact", "/confidentialite", "/"):
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]

    page.get_by_role("button", name="Quels sont vos tarifs ?").focus()
    covered = page.evaluate(
        """() => {
            const { left, top } = document.activeElement.getBoundingClientRect();
            return !document.activeElement.contains(document.elementFromPoint(left + 8, top + 8));
        }"""
    )
    assert not covered
    page.close()


def test_in_forced_colours_every_state_is_still_told_apart(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport=PHONE, forced_colors="active", reduced_motion="reduce")
    page.goto(f"{url}/patterns")

    assert findings(page) == []
    for bubble in (".visitor", ".prose", ".notice", ".refusal"):
        assert page.locator(bubble).first.evaluate(
            "element => getComputedStyle(element).borderColor != getComputedStyle(document.body).backgroundColor"
        )
    page.close()


def test_a_streamed_answer_is_announced_twice_and_read_once(
    page: Page, gpt_url: str, model: OpenAIServer, complaints: list[str]
) -> None:
    gate = threading.Event()
    model.always_reply("Nous tenons **vos comptes**.", gate=gate)
    page.goto(gpt_url)
    page.evaluate(LISTEN)
    _ask(page)

    expect(page.get_by_role("status")).to_have_text("L'assistant est en train d'écrire.")
    expect(page.get_by_label("Votre question")).to_be_focused()
    expect(page.get_by_label("Votre question")).to_have_value("")
    expect(page.get_by_role("button", name="Envoyer")).to_be_disabled()
    assert findings(page) == []
    gate.set()

    expect(page.get_by_role("status")).to_have_text("Nous tenons vos comptes.")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")  # the status speaks, word by word nobody does
    expect(page.get_by_role("log")).to_match_aria_snapshot(EXCHANGE)
    assert page.evaluate("announced") == ["L'assistant est en train d'écrire.", "Nous tenons vos comptes."]
    expect(page.get_by_label("Votre question")).to_be_focused()
    expect(page.get_by_role("button", name="Envoyer")).to_be_enabled()
    assert findings(page) == []
    assert complaints == []


def test_what_is_typed_while_an_answer_is_written_is_kept(page: Page, gpt_url: str, model: OpenAIServer) -> None:
    gate = threading.Event()
    model.always_reply("Nous tenons vos comptes.", gate=gate)
    page.goto(gpt_url)
    _ask(page)
    expect(page.get_by_role("article")).to_be_visible()

    page.keyboard.type("et la paie ?")
    page.keyboard.press("Enter")  # one answer at a time
    gate.set()

    expect(page.get_by_role("button", name="Copier")).to_be_visible()
    expect(page.get_by_label("Votre question")).to_have_value("et la paie ?")
    expect(page.get_by_role("article")).to_have_count(1)


def test_nobody_meets_the_field_that_is_there_for_programs(page: Page, url: str) -> None:
    """Neither with the eyes nor with a screen reader nor with the keyboard; styles switched off, its label says what to do."""
    page.goto(url)
    trap = page.locator("#composer input[name=website]")

    expect(page.get_by_role("textbox")).to_have_count(1)
    page.get_by_label("Votre question").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#send")).to_be_focused()
    assert trap.evaluate(
        "field => getComputedStyle(field.parentElement).clipPath + field.parentElement.offsetWidth"
    ) == ("inset(50%)1")
    assert trap.evaluate("field => [field.autocomplete, field.labels[0].innerText, field.value]") == (
        ["off", "Ne remplissez pas ce champ", ""]
    )


def test_nothing_is_kept_on_the_visitors_device(page: Page, url: str) -> None:
    page.goto(url)
    for answers in (1, 2):
        assert page.context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert page.evaluate("async () => (await indexedDB.databases()).length + (await caches.keys()).length") == 0
        _ask(page)
        expect(page.get_by_role("button", name="Copier")).to_have_count(answers)


def test_a_stopped_answer_can_be_asked_for_again(page: Page, gpt_url: str, model: OpenAIServer) -> None:
    model.always_reply("Nous tenons vos comptes. " * 40, rest=threading.Event())
    page.goto(gpt_url)
    _ask(page)
    expect(page.get_by_role("article")).to_contain_text("Nous tenons")

    page.get_by_role("button", name="Arrêter").click()
    again = page.get_by_role("button", name="Réessayer")
    expect(again).to_be_focused()
    assert findings(page) == []
    model.always_reply("Nous tenons vos comptes.")
    again.click()

    expect(page.get_by_role("button", name="Copier")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(again).to_have_count(0)


def test_a_long_answer_is_shown_from_its_question_on_unless_the_reader_is_elsewhere(
    page: Page, gpt_url: str, model: OpenAIServer
) -> None:
    page.set_viewport_size(PHONE)
    page.goto(gpt_url)
    written = threading.Event()
    model.reply(LONG_ANSWER)
    model.reply(LONG_ANSWER, gate=written)
    _ask(page)
    expect(page.get_by_role("button", name="Copier")).to_have_count(1)
    _wait_until_under_the_header(page.locator(".visitor"))

    _ask(page)
    expect(page.locator(".pending")).to_be_visible()
    page.wait_for_function(f"{BELOW_THE_FOLD} < 8")  # the page has followed
    page.evaluate(SCROLL_UP)
    written.set()
    newer = page.get_by_role("button", name="Nouvelle réponse")
    expect(newer).to_be_visible()
    expect(page.get_by_role("button", name="Copier")).to_have_count(2)
    assert page.evaluate("scrollY") == 0

    newer.click()
    expect(newer).to_be_hidden()
    _wait_until_under_the_header(page.locator(".visitor").nth(1))
    assert page.evaluate(BELOW_THE_FOLD) > 100


def test_a_question_that_does_not_get_through_is_kept_with_a_way_to_send_it_again(page: Page, url: str) -> None:
    page.goto(url)
    page.context.set_offline(True)
    _ask(page, "Quels sont vos horaires ?")

    again = page.get_by_role("button", name="Réessayer")
    expect(again).to_be_visible()
    expect(page.get_by_label("Votre question")).to_have_value("Quels sont vos horaires ?")
    page.context.set_offline(False)
    again.click()

    expect(page.get_by_role("article")).to_contain_text("du lundi au vendredi")
    expect(page.get_by_label("Votre question")).to_have_value("")
    expect(again).to_have_count(0)


def test_a_suggestion_is_asked_with_and_without_javascript(browser: Browser, url: str) -> None:
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(url)
        page.get_by_role("button", name="Quels sont vos tarifs ?").click()

        expect(page.locator(".visitor")).to_have_text("Quels sont vos tarifs ?")
        expect(page.locator(".answer:not(.pending) .prose")).to_be_visible()
        expect(page.get_by_text("Les visiteurs demandent souvent")).to_have_count(0)
        context.close()


def test_the_counter_shows_only_near_the_limit(page: Page, url: str) -> None:
    page.goto(url)
    field = page.get_by_label("Votre question")

    field.fill("x" * 400)
    expect(page.locator("#counter")).to_be_hidden()
    field.fill("x" * 401)
    expect(page.locator("#counter")).to_have_text("Caractères restants : 99")


def test_the_vendored_scripts_are_the_pinned_ones() -> None:
    readme = (folder("static") / "vendor" / "README.md").read_text()
    for script in sorted(Path(folder("static") / "vendor").glob("*.js")):
        assert f"| `{script.name}` |" in readme
        assert hashlib.sha256(script.read_bytes()).hexdigest() in readme
