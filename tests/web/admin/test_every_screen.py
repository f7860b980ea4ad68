"""What holds for every screen of the dashboard: nobody keeps or frames it, no visitor's words do harm, both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.contact.message import Message
from tests.site import Site
from tests.web.admin.dashboard import FIELD, OUTSIDE, PASSWORD, SCREENS, page, put, sign_in

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">\u202egnp.exe\u200b'


def test_no_screen_is_kept_framed_or_found(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_EMBED_ORIGINS="https://www.exemple.fr")
    sign_in(site)

    for path in (*SCREENS, "/admin?frame=widget", "/admin/sign-in"):
        headers = site.client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Robots-Tag"] == "noindex"


def test_what_visitors_write_is_text_on_every_screen(owner: Site) -> None:
    conversation = "c" * 16
    put(owner, HOSTILE, conversation)
    owner.parts.messages.keep(Message(HOSTILE, email="a@b.example", name=HOSTILE, with_conversation=True), conversation)

    for path in (*SCREENS, f"/admin/conversations/{conversation}", f"/admin/knowledge?q={HOSTILE}"):
        text = page(owner, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "\u200b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(owner, "/admin/questions")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(owner, "/admin/messages")


def test_without_a_database_the_screens_say_so_and_health_still_works(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, DATABASE_URL=f"sqlite:///{tmp_path}", SECRET_KEY="k" * 16)
    sign_in(site)

    for path in ("/admin", "/admin/questions", "/admin/messages", "/admin/questions.csv"):
        assert "La base de données ne répond pas" in page(site, path)
    assert 'check-error"><strong>Base de données' in page(site, "/admin/health")
    assert "hx-trigger" in site.client.get("/admin", headers={"HX-Request": "true"}).get_data(as_text=True)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_screen_speaks_both_languages_without_a_missing_sentence(owner: Site, language: str) -> None:
    owner.ask(FIELD)
    owner.ask(OUTSIDE)

    for path in (*SCREENS, "/admin/sign-in", "/admin/knowledge?q=horaires", "/admin?days=30"):
        text = page(owner, f"{path}{'&' if '?' in path else '?'}lang={language}")

        assert f'<html lang="{language}">' in text
        assert not re.search(r"\badmin\.[a-z_]+", re.sub(r'(href|src|action)="[^"]*"', "", text)), path
