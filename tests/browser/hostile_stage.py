"""A site in which every word that comes from outside is an attack, and a browser that notices whatever any of them achieves.

The browser does not heed the content policy: an attack that only the policy stops counts as one that runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route

OWN_LINKS = "www.oki.example"
"""The host that the hostile topics link to: a link there is the firm's own."""

_COUNT_HARM = """
    window.harm = [];
    for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
        window[name] = (...said) => { window.harm.push(name); console.error('HARM ' + name + ' ' + said); };
"""
_PROVOKE = """() => {
    const usual = ['mouseover', 'mouseenter', 'pointerover', 'focusin', 'error', 'animationend', 'transitionend', 'toggle'];
    for (const element of document.body.querySelectorAll('main *'))
        for (const name of usual) element.dispatchEvent(new Event(name, {bubbles: false, cancelable: true}));
}"""
_WHAT_STANDS = """() => {
    const found = [];
    const addresses = ['href', 'src', 'action', 'formaction', 'xlink:href', 'poster', 'srcset', 'data', 'background', 'ping',
                       'hx-get', 'hx-post', 'hx-put', 'hx-delete', 'hx-patch', 'hx-sse:connect', 'cite', 'manifest'];
    for (const element of document.querySelectorAll('*')) {
        const tag = element.localName;
        if (['iframe', 'object', 'embed', 'base', 'applet', 'frame', 'style', 'math', 'video', 'audio', 'portal'].includes(tag)
            || (tag === 'script' && (!element.getAttribute('src') || element.textContent))
            || (tag === 'meta' && element.hasAttribute('http-equiv')))
            found.push('element ' + element.outerHTML.slice(0, 200));
        for (const {name, value} of element.attributes) {
            if (name.startsWith('on') || name.startsWith('hx-on') || name === 'style' || name === 'srcdoc')
                found.push('attribute ' + name + ' ' + element.outerHTML.slice(0, 200));
            if (addresses.includes(name)) found.push('to ' + new URL(value, document.baseURI).href);
        }
        if (element.closest('[hx-ignore]') && !element.hasAttribute('hx-ignore'))
            for (const {name} of element.attributes)
                if (!['href', 'rel', 'target', 'start'].includes(name)) found.push('in an answer ' + name);
    }
    return found;
}"""


@dataclass
class Watched:
    """A page of `origin`; `found` is what should not have happened on it so far."""

    page: Page
    origin: str
    found: list[str] = field(default_factory=list)
    seen: int = 0

    def __post_init__(self) -> None:
        """Listen to everything an attack could do."""
        self.page.on("dialog", self._refuse)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.found.append(f"script error {error}"))
        self.page.on("popup", lambda popup: self.found.append(f"window {popup.url}"))
        self.page.context.route("**/*", self._let_through)
        self.page.add_init_script(_COUNT_HARM)

    def open(self, path: str) -> None:
        """Go there, and look."""
        self.page.goto(self.origin + path)
        self.look()

    def look(self) -> None:
        """Provoke what stands on the page, and note what is none of the site's own."""
        self.page.evaluate(_PROVOKE)
        for said in self.page.evaluate(_WHAT_STANDS):
            kind, _, what = said.partition(" ")
            if kind != "to" or not self._is_own(what):
                self.found.append(f"{self.page.url}: {said}")
        self.found += self.page.evaluate("window.harm")
        self.seen += 1

    def found_so_far(self) -> str:
        """All of it, with what the browser has to tell by now."""
        self.page.evaluate("0")
        return " ".join(self.found)

    def _is_own(self, address: str) -> bool:
        parts = urlsplit(address)
        return address.startswith(f"{self.origin}/") or parts.scheme in ("mailto", "tel") or parts.netloc == OWN_LINKS

    def _let_through(self, route: Route) -> None:
        if route.request.url.startswith(f"{self.origin}/"):
            route.continue_()
        else:
            self.found.append(f"request {route.request.url}")
            route.abort()

    def _refuse(self, dialog: Dialog) -> None:
        self.found.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _listen(self, message: ConsoleMessage) -> None:
        # A refusal is a status of 4xx, of which Chromium tells too.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.found.append(f"console {message.text}")


@contextmanager
def watched(browser: Browser, origin: str, **how: Any) -> Iterator[Watched]:
    """A page in a browser that lets everything run."""
    context = browser.new_context(bypass_csp=True, locale="fr-FR", **how)
    yield Watched(context.new_page(), origin)
    context.close()


def write_hostile_topics(folder: Path, payloads: Sequence[str]) -> None:
    """A knowledge folder whose titles, questions, synonyms, links, headings and texts are attacks.

    They lead to OWN_LINKS: what a topic links to is the firm's own, and answers may lead there too."""
    (folder / "fr").mkdir(parents=True)
    named = [payload.replace("evil.example", OWN_LINKS) for payload in payloads]
    fit = [payload for payload in named if "{" not in payload and payload.isprintable()]
    for number in range(0, len(fit), 6):
        title, question, synonym, heading, *text = fit[number : number + 6]
        front = {
            "title": title[:100],
            "questions": [f"Quels sont vos tarifs {number} ? {question}", question],
            "synonyms": [synonym],
            "link": f"https://{OWN_LINKS}/{number}#\"'>{title}",
        }
        body = f"Nos tarifs {number} : {' '.join(text)}\n\n## {heading}\n\n" + "\n\n".join(text or [title])
        raw = f"---\n{yaml.safe_dump(front, allow_unicode=True, width=10_000)}---\n{body}\n"
        (folder / "fr" / f"fiche-{number}.md").write_text(raw, encoding="utf-8")


def batches(payloads: Sequence[str], most_chars: int, separator: str) -> list[str]:
    """The payloads one after the other, in as few texts as there must be. What is too long for one is left out."""
    texts: list[str] = []
    for payload in payloads:
        if texts and len(texts[-1]) + len(separator) + len(payload) <= most_chars:
            texts[-1] += separator + payload
        elif len(payload) <= most_chars:
            texts.append(payload)
    return texts
