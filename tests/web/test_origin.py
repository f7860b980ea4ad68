"""Whose pages may post to the site: its own, by what the browser says."""

from __future__ import annotations

from collections.abc import Callable

from tests.attack.ways_in import OWNER_FORMS, VISITOR_FORMS
from tests.site import Site

OpenSite = Callable[..., Site]
PASSWORD = "correct horse battery staple"


POSTS: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Origin": "http://localhost"}, True),
    ({"Origin": "https://localhost"}, True),  # behind a proxy that speaks TLS and does not say so
    ({"Origin": "https://chat.exemple.fr"}, True),  # behind one that asks under another name
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "http://localhost.evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({"Origin": ""}, False),
    ({"Origin": "http://localhost", "X-Forwarded-Proto": "https"}, False),
    ({"Origin": "https://localhost", "X-Forwarded-Proto": "https"}, True),
]


def test_posts_of_other_sites_are_refused_by_what_the_browser_says(open_site: OpenSite) -> None:
    site = open_site(
        OKICHAT_TRUSTED_HOPS="1", OKICHAT_ALLOWED_HOSTS="localhost chat.exemple.fr", OKICHAT_ADMIN_PASSWORD=PASSWORD
    )
    for path in (*VISITOR_FORMS, *OWNER_FORMS):
        for headers, is_own in POSTS:
            body = {"json" if path == "/api/chat" else "data": {"question": "Bonjour"}}
            reply = site.client.post(path, headers=headers, **body)
            is_let_in = (
                "cross_site" not in reply.text and "autre site" not in reply.text and "notre page" not in reply.text
            )
            assert is_let_in == is_own, (path, headers, reply.status_code)
            assert reply.status_code == 403 or is_own


def test_the_owners_browser_posts_nothing_for_another_site(open_site: OpenSite) -> None:
    """Not even where it would send the cookie along, which is SameSite=Strict."""
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    site.client.post("/admin/sign-in", data={"password": PASSWORD})

    for path in OWNER_FORMS:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
            assert site.client.post(path, headers=headers, data={"turn": "off"}).status_code == 403, path
    assert not site.parts.switch.is_off()
    own = site.client.post("/admin/gpt", headers={"Sec-Fetch-Site": "same-origin"}, data={"turn": "off"})
    assert (own.status_code, site.parts.switch.is_off()) == (303, True)


def test_a_site_that_embeds_the_chat_posts_nothing_itself(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_EMBED_ORIGINS="https://www.cabinet.example")

    assert site.submit("Bonjour", {"Origin": "https://www.cabinet.example"}).status_code == 403
