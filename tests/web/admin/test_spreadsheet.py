"""Exports: what they hold, that no cell of them is a formula, and the trace they leave."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from okichat.contact.message import Message
from okichat.storage.tables import audit
from okichat.web.admin.spreadsheet import harmless
from tests.site import Site
from tests.web.admin.dashboard import FIELD, table


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", " =", "\r", "＝", "\u200b="])
def test_no_cell_of_an_export_is_a_formula(begin: str) -> None:
    shown = harmless(f"{begin}HYPERLINK(1)")

    assert shown.startswith("'")


def test_exports_hold_what_the_screens_show(owner: Site) -> None:
    owner.ask(FIELD)
    owner.parts.messages.keep(Message('=cmd|"/c calc"!A1; et\nune ligne', phone="+33612345678"))

    questions = table(owner.client.get("/admin/questions.csv?rung=local"))
    messages = table(owner.client.get("/admin/messages.csv?lang=en"), ",")

    assert questions[1][3] == FIELD
    assert len(table(owner.client.get("/admin/questions.csv?rung=gpt"))) == 1
    assert messages[0][6] == "Message"
    assert messages[1][5:7] == ["'+33612345678", '\'=cmd|"/c calc"!A1; et\nune ligne']


def test_exports_speak_as_the_screens_do(owner: Site) -> None:
    owner.ask(FIELD)
    owner.parts.messages.keep(Message("Rappelez-moi.", email="a@example.fr"))

    _, asked = table(owner.client.get("/admin/questions.csv"))
    _, message = table(owner.client.get("/admin/messages.csv"))
    _, english = table(owner.client.get("/admin/questions.csv?lang=en"), ",")

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", asked[0])
    assert asked[5] != "local"
    assert asked[6:8] == ["Nos horaires d'ouverture", "GPT (pas de clé)"]
    assert re.fullmatch(r"0,\d+", asked[9])
    assert re.fullmatch(r"0\.\d+", english[9])
    assert message[2] == "Pas encore envoyé"


def test_an_export_leaves_a_trace(owner: Site) -> None:
    for name in ("questions", "messages"):
        table(owner.client.get(f"/admin/{name}.csv"))

    with owner.parts.store.read() as connection:
        trail = connection.execute(select(audit.c.action, audit.c.subject, audit.c.way)).all()
    assert [tuple(row) for row in trail] == [("export", name, "dashboard") for name in ("questions", "messages")]
