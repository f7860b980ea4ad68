"""What the server sends for pages of other sites: the loader, the framed page, the thread of a kept reference."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import brotli
import pytest
from flask import render_template

from tests.site import FRAGMENT, STREAMING, Site

HOST = "https://www.cabinet.example"


@pytest.fixture
def embedded(open_site: Callable[..., Site]) -> Site:
    """An app that one site may embed."""
    return open_site(OKICHAT_EMBED_ORIGINS=HOST)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_the_loader_is_at_most_3_kib_over_the_wire(site: Site, encoding: str) -> None:
    reply = site.client.get("/embed.js", headers={"Accept-Encoding": encoding})

    assert reply.headers["Content-Encoding"] == encoding
    assert len(reply.data) <= 3 * 1024
    unpack = gzip.decompress if encoding == "gzip" else brotli.decompress
    assert b"OkiChat" in unpack(reply.data)


def test_the_loader_may_be_used_by_other_sites_and_is_kept_for_minutes_only(site: Site) -> None:
    reply = site.client.get("/embed.js")

    assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert reply.content_type == "text/javascript; charset=utf-8"
    assert 0 < int(re.findall(r"max-age=(\d+)", reply.headers["Cache-Control"])[0]) <= 3600
    assert site.client.get("/embed.js", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304


def test_the_loader_knows_its_sentences_in_both_languages_and_the_firm(open_site: Callable[..., Site]) -> None:
    loader = open_site(OKICHAT_NAME='Dupont "& Fils"', OKICHAT_LOCALE="en").client.get("/embed.js").text

    words = loader[loader.index("const words = ") : loader.index("const { src")]
    assert 'Dupont \\"& Fils\\"' in words
    assert words.index('"en"') < words.index('"fr"')  # the site's own language is for pages in neither
    assert "Posez votre question" in words


def test_only_the_widget_and_what_its_form_posts_to_may_be_framed_while_no_site_is_named(site: Site) -> None:
    for framed in (
        site.client.get("/widget"),
        site.client.post("/widget"),
        site.client.post("/chat?frame=widget", data={"question": "Vos tarifs ?"}),
        site.client.post("/chat?frame=widget", data={"question": ""}),
    ):
        assert _ancestors(framed.headers["Content-Security-Policy"]) == "'self'"
        assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"
    for page in (site.client.get("/"), site.submit("Vos tarifs ?"), site.client.get("/contact")):
        assert _ancestors(page.headers["Content-Security-Policy"]) == "'none'"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_named_sites_may_frame_the_widget(embedded: Site) -> None:
    framed = embedded.client.get("/widget")

    assert _ancestors(framed.headers["Content-Security-Policy"]) == f"'self' {HOST}"
    assert "X-Frame-Options" not in framed.headers
    assert f'<meta name="okichat-sites" content="{HOST}">' in framed.text


def test_without_javascript_the_framed_form_brings_the_framed_page_back(site: Site) -> None:
    page = site.client.get("/widget?lang=en").text
    action = re.findall(r'id="composer" action="([^"]+)"', page)[0].replace("&amp;", "&")

    answered = site.client.post(action, data={"question": "What are your opening hours?"}).text
    refused = site.client.post(action, data={"question": ""}).text

    for reply in (answered, refused):
        assert 'name="okichat-sites"' in reply
        assert '<html lang="en">' in reply
        assert f'action="{action.replace("&", "&amp;")}"' in reply
    assert "What are your opening hours?" in answered


def test_a_streamed_answer_in_the_frame_leaves_its_form_in_the_frame(site: Site) -> None:
    stream = site.client.post("/chat?frame=widget", data={"question": "Vos tarifs ?"}, headers=STREAMING)

    assert stream.mimetype == "text/event-stream"
    assert "Vos tarifs ?" in stream.text


def test_links_leave_the_frame_and_forms_stay_in_it(site: Site) -> None:
    page = site.client.get("/widget").text
    forms = re.findall(r"<form[^>]+>", page)

    assert '<base target="_blank">' in page
    assert forms
    assert [form for form in forms if 'target="_self"' not in form] == []
    assert re.search(r'class="new" href="/widget" target="_self"', page)


def test_the_notice_of_a_long_conversation_begins_a_new_one_in_the_frame(site: Site) -> None:
    with site.app.test_request_context("/widget"):
        notice = render_template("chat/_notice.html", sentence="Assez.", anew_url="/widget")

    assert re.search(r'<a class="[^"]*\bnew" href="/widget" target="_self">', notice)


def test_a_kept_reference_brings_its_thread_back_and_goes_on_with_it(site: Site) -> None:
    conversation = site.ask("Quels sont vos horaires ?")["conversation"]

    restored = site.client.post("/widget", data={"conversation": conversation}, headers=FRAGMENT).text

    assert "Quels sont vos horaires ?" in restored
    assert "9 h à 18 h" in restored
    assert f'name="conversation" value="{conversation}"' in restored
    assert "<html" not in restored


@pytest.mark.parametrize("reference", ["", "made-up", "ImFiYyI.not-signed-by-us"])
def test_a_reference_that_we_did_not_sign_brings_nothing_back(site: Site, reference: str) -> None:
    reply = site.client.post("/widget", data={"conversation": reference}, headers=FRAGMENT)

    assert (reply.status_code, reply.data) == (204, b"")


def test_another_site_cannot_ask_for_a_thread(embedded: Site) -> None:
    conversation = embedded.ask("Quels sont vos horaires ?")["conversation"]

    reply = embedded.client.post(
        "/widget", data={"conversation": conversation}, headers={"Origin": HOST, "Sec-Fetch-Site": "cross-site"}
    )

    assert reply.status_code == 403


def test_no_cookie_is_set_in_the_frame(site: Site) -> None:
    replies = [site.client.get("/widget"), site.client.get("/embed.js"), site.client.post("/widget")]

    assert all("Set-Cookie" not in reply.headers for reply in replies)


def _ancestors(policy: str) -> str:
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    return found[1] if found else ""
