"""What visitors wrote to the humans, ticked off once answered."""

from __future__ import annotations

from okichat.contact.message import Message
from tests.site import Site
from tests.web.admin.dashboard import page


def test_a_message_is_ticked_off_once_answered(owner: Site) -> None:
    reference = owner.parts.messages.keep(Message("Rappelez-moi.", email="camille@exemple.fr", phone="06 12 34 56 78"))
    waiting = page(owner, "/admin/messages")
    assert f"mailto:camille@exemple.fr?subject=Oki%20Expertise%20%3A%20votre%20message%20{reference}" in waiting
    assert 'href="tel:0612345678"' in waiting

    reply = owner.client.post(f"/admin/messages/{reference}/answered")

    assert reply.status_code == 303
    done = page(owner, reply.headers["Location"])
    assert f"Le message {reference} est noté comme répondu." in done
    assert "Rappelez-moi." not in done
    assert "Rappelez-moi." in page(owner, "/admin/messages?state=answered")
    assert owner.client.post("/admin/messages/AAAAAAAA/answered").status_code == 404


def test_a_post_from_another_site_changes_nothing(owner: Site) -> None:
    reference = owner.parts.messages.keep(Message("Rappelez-moi.", phone="0612345678"))

    reply = owner.client.post(f"/admin/messages/{reference}/answered", headers={"Sec-Fetch-Site": "cross-site"})

    assert reply.status_code == 403
    assert owner.parts.messages.counts()["answered"] == 0
