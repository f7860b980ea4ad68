"""The dashboard as tests use it: signing in, reading a screen, and putting a question into the store."""

from __future__ import annotations

import csv
import html
import io
import secrets
from typing import Any

from sqlalchemy import insert
from werkzeug.test import TestResponse

from okichat.storage.tables import turns
from tests.site import Site

PASSWORD = "un mot de passe long"
SCREENS = (
    "/admin",
    "/admin/questions",
    "/admin/questions/groups",
    "/admin/messages",
    "/admin/knowledge",
    "/admin/security",
    "/admin/health",
)
OTHERS = ("/admin/questions.csv", "/admin/messages.csv", "/admin/knowledge/fr/tarifs", "/admin/conversations/c")
FIELD = "Quels sont vos horaires ?"
OUTSIDE = "Quelle est la capitale de l'Australie ?"


def sign_in(site: Site, password: str = PASSWORD, **more: str) -> TestResponse:
    return site.client.post("/admin/sign-in", data={"password": password}, **more)


def page(site: Site, path: str) -> str:
    response = site.client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def words(site: Site, path: str) -> str:
    """The page as a person reads it."""
    return html.unescape(page(site, path))


def put(site: Site, question: str, conversation: str = "c", **more: Any) -> None:
    """A question of which the store knows no answer, nor anything but `more`."""
    row = {"id": secrets.token_hex(8), "conversation": conversation, "language": "fr", "question": question}
    with site.parts.store.write() as connection:
        connection.execute(insert(turns), {**row, "asked_at": site.parts.clock.now(), **more})


def table(response: TestResponse, separator: str = ";") -> list[list[str]]:
    assert response.status_code == 200
    text = response.get_data(as_text=True)
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=separator))
