"""The language of a page, and how it writes times: what the visitor chose, else what the browser prefers, else the site's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.doubles.clock import StoppedClock
from tests.site import FRAGMENT, Site

OpenSite = Callable[..., Site]
LANG = re.compile(r'<html lang="(\w+)">')


def _language(site: Site, path: str, accepted: str | None) -> str:
    headers = {"Accept-Language": accepted} if accepted is not None else {}
    found = LANG.search(site.client.get(path, headers=headers).get_data(as_text=True))
    assert found
    return found[1]


def test_the_page_is_in_the_first_language_of_ours_that_the_browser_names_else_in_the_sites(
    open_site: OpenSite,
) -> None:
    french, english = open_site(), open_site(OKICHAT_LOCALE="en")
    named = {
        "en-GB,en;q=0.9,fr;q=0.8": "en",
        "fr-CA,fr;q=0.9,en;q=0.8": "fr",
        "de-DE,de;q=0.9,en;q=0.7": "en",
        "fr;q=0.4,en;q=0.6": "en",
        "EN": "en",
    }
    no_choice = (None, "", "*", "de-DE,de;q=0.9", "de, *;q=0.5", "en;q=0", "en;q=nonsense;;,,", "\xff")

    assert {header: _language(french, "/", header) for header in named} == named
    assert {header: _language(english, "/", header) for header in named} == named
    assert {_language(french, "/", header) for header in no_choice} == {"fr"}
    assert {_language(english, "/", header) for header in no_choice if header != "en;q=0"} == {"en"}


@pytest.mark.parametrize("path", ["/", "/widget", "/contact", "/confidentialite", "/nowhere"])
def test_every_page_says_its_language_follows_the_visitors_choice_and_tells_caches(site: Site, path: str) -> None:
    assert _language(site, path, "en") == "en"
    assert _language(site, f"{path}?lang=fr", "en") == "fr"
    assert _language(site, f"{path}?lang=xx", "en") == "en"
    assert "Accept-Language" in site.client.get(path).headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/contact", "/confidentialite", "/nowhere"])
def test_every_page_has_the_way_to_the_other_language(site: Site, path: str) -> None:
    page = site.client.get(path, headers={"Accept-Language": "en"}).get_data(as_text=True)

    assert re.search(r'<a class="to-language" href="[^"]*\?lang=fr" hreflang="fr" lang="fr">Français</a>', page)


def test_a_conversation_goes_along_to_the_other_language_to_who_holds_its_reference(site: Site) -> None:
    page = site.submit("Quels sont vos tarifs ?").get_data(as_text=True)
    kept = re.search(r'name="conversation" value="([^"]+)" form="speak"', page)
    assert kept

    other = site.client.post("/chat/thread?lang=en", data={"conversation": kept[1]}).get_data(as_text=True)

    assert LANG.search(other)[1] == "en"  # type: ignore[index]
    assert '<p class="bubble visitor" lang="fr">Quels sont vos tarifs ?</p>' in other
    assert f'value="{kept[1]}" form="speak"' in other
    assert "Quels sont vos tarifs" not in site.client.post("/chat/thread?lang=en", data={"conversation": "x"}).text


def test_a_program_is_answered_in_the_language_of_its_question_then_its_own_then_the_sites(site: Site) -> None:
    def beginning(question: str, header: str | None = None, **fields: str) -> str:
        headers = {"Accept-Language": header} if header else {}
        reply = site.client.post("/api/chat", json={"question": question, **fields}, headers=headers).get_json()
        return str(reply["response"])

    french, english = beginning("merci beaucoup"), beginning("thank you very much")

    assert french != english
    assert beginning("merci beaucoup", "en") == french
    assert beginning("thank you very much", "fr", locale="fr") == english
    assert beginning("ok", locale="en") == beginning("ok", "en") == beginning("ok", "fr", locale="en")
    assert beginning("ok", "*") == beginning("ok", "de") == beginning("ok") != beginning("ok", "en")
    refused = site.client.post("/api/chat", json={}, headers={"Accept-Language": "en"}).get_json()
    assert refused != site.client.post("/api/chat", json={}).get_json()


def test_times_are_written_as_in_the_readers_country_with_the_day_when_it_is_another(open_site: OpenSite) -> None:
    clock = StoppedClock(datetime(2026, 11, 23, 15, 7, tzinfo=UTC))
    site = open_site(clock)
    fragment = site.submit("merci", FRAGMENT).get_data(as_text=True)
    kept = re.search(r'name="conversation" value="([^"]+)"', fragment)
    assert kept

    def time_of_first(accepted: str) -> str:
        page = site.client.post(
            "/widget", data={"conversation": kept[1]}, headers={**FRAGMENT, "Accept-Language": accepted}
        )
        found = re.search(r"<time [^>]*>([^<]+)</time>", page.get_data(as_text=True))
        assert found
        return found[1].replace("\u202f", " ")

    assert [time_of_first(tag) for tag in ("fr-FR", "en-GB", "en-US", "en-nonsense")] == [
        "16:07",
        "16:07",
        "4:07 PM",
        "4:07 PM",
    ]
    clock.forward(days=1)
    assert [time_of_first(tag) for tag in ("fr-FR", "en-GB", "en-US")] == [
        "23 nov., 16:07",
        "23 Nov, 16:07",
        "Nov 23, 4:07 PM",
    ]
