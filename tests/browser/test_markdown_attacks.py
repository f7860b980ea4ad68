"""Every known attack, rendered as an answer in a page without any CSP: nothing runs, nothing is loaded, nobody leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route

from okichat.web.markdown import render
from tests.web.attacks import HTML, attacks

SITE = "http://www.oki.example/"
HOSTS = frozenset({"www.oki.example"})
COUNT_HARM = """
    window.harm = [];
    for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = () => window.harm.push(name);
"""
TRY_EVERYTHING = """() => {
    const events = new Set();
    for (const element of document.querySelectorAll('.answer *'))
        for (const {name} of element.attributes) if (name.startsWith('on')) events.add(name.slice(2));
    const usual = ['click', 'dblclick', 'mouseover', 'mouseenter', 'focus', 'blur', 'load', 'error', 'toggle', 'submit'];
    const leave = (event) => { if (!event.target.closest('a[href^="javascript:" i]')) event.preventDefault(); };
    document.addEventListener('click', leave);
    document.addEventListener('submit', leave);
    for (const element of document.querySelectorAll('.answer *'))
        for (const event of [...events, ...usual]) element.dispatchEvent(new Event(event, {bubbles: true, cancelable: true}));
    for (const element of document.querySelectorAll('.answer a, .answer button')) element.click?.();
}"""
WHAT_STANDS = """() => ({
    answers: document.querySelectorAll('body > .answer').length,
    tags: [...new Set([...document.querySelectorAll('.answer *')].map(element => element.localName))],
    attributes: [...new Set([...document.querySelectorAll('.answer *')].flatMap(element => element.getAttributeNames()))],
    hosts: [...new Set([...document.links].map(link => link.protocol + '//' + link.host))],
    targets: [...new Set([...document.links].filter(link => link.host).map(link => link.target + ' ' + link.rel))],
})"""


@dataclass
class Stage:
    """A page of the site whose requests to anywhere else are noted, and not answered."""

    page: Page
    requests: list[str] = field(default_factory=list)

    def show(self, answers: Sequence[str]) -> None:
        body = "".join(f'<div class="answer">{answer}</div>' for answer in answers)
        document = (
            f'<!DOCTYPE html><html lang="fr"><meta charset="utf-8"><title>Okichat</title><body>{body}</body></html>'
        )

        def serve(route: Route) -> None:
            if route.request.url == SITE and route.request.is_navigation_request():
                route.fulfill(body=document, content_type="text/html; charset=utf-8")
            else:
                self.requests.append(route.request.url)
                route.abort()

        self.page.route("**/*", serve)
        self.page.add_init_script(COUNT_HARM)
        self.page.goto(SITE)

    def harm(self) -> list[str]:
        self.page.evaluate(TRY_EVERYTHING)
        self.page.wait_for_timeout(300)
        return [*self.page.evaluate("window.harm"), *self.requests]


@pytest.fixture
def stage(page: Page) -> Stage:
    return Stage(page)


def test_no_attack_runs_or_loads_anything_or_links_elsewhere(stage: Stage) -> None:
    every_attack = list(dict.fromkeys(attacks()))
    stage.show([str(render(attack, HOSTS)) for attack in every_attack])

    assert len(every_attack) >= 200
    assert stage.harm() == []
    stands = stage.page.evaluate(WHAT_STANDS)
    assert stands["answers"] == len(every_attack)
    assert set(stands["tags"]) <= set(
        "p br hr strong em del ul ol li h3 h4 blockquote code pre a table thead tbody tr th td".split()
    )
    assert set(stands["attributes"]) <= {"href", "rel", "target", "start"}
    assert set(stands["hosts"]) <= {"https://www.oki.example", "http://www.oki.example", "mailto://", "tel://"}
    assert stands["targets"] == ["_blank nofollow noopener noreferrer"]


def test_the_same_page_sees_the_harm_of_attacks_that_are_not_rendered(stage: Stage) -> None:
    stage.show(
        [attack for attack in HTML if attack.startswith(("<img", "<input", "<details", "<video", "<button", "<x "))]
    )

    harm = stage.harm()

    assert harm.count("alert") >= 20
    assert any(request.startswith("https://evil.example/pixel.png") for request in harm)
