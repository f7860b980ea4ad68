"""Votes on answers: who may vote, what is kept, what the visitor sees, and when a human is offered."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from okichat.storage.tables import turns
from okichat.web import feedback
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

OFFER = "le plus simple est peut-être d'en parler"
QUESTION = "Tenez-vous les comptes ?"
OUTSIDE = ("Quelle est la recette de la tarte aux pommes ?", "Qui a gagné la Coupe du monde de football en 1998 ?")


def voted(site: Site, reply: dict[str, str], headers: dict[str, str] | None = None, **vote: str) -> TestResponse:
    vote = {name: reply["request_id"] if value == "it" else value for name, value in vote.items()}
    return site.client.post("/feedback", data={"conversation": reply["conversation"], **vote}, headers=headers or {})


def kept(site: Site) -> list[tuple[str | None, str | None]]:
    with site.parts.store.read() as connection:
        rows = connection.execute(select(turns.c.feedback, turns.c.feedback_reason).order_by(turns.c.asked_at))
        return [(row.feedback, row.feedback_reason) for row in rows]


def test_two_buttons_stand_under_an_answer_and_none_under_small_talk(site: Site) -> None:
    assert site.submit("Quels sont vos horaires ?").text.count('class="plain thumb"') == 2
    assert 'class="plain thumb"' not in site.submit("Merci !").text


def test_a_streamed_answer_comes_with_its_buttons_and_with_the_reference_they_need(site: Site) -> None:
    stream = site.submit("Quels sont vos horaires ?", STREAMING).text

    assert stream.count('class="plain thumb"') == 2
    assert re.search(r'name="conversation" value="[^"]+" form="rate"', stream)


def test_a_helpful_vote_is_kept_and_thanked_for(site: Site) -> None:
    reply = site.ask(QUESTION)

    response = voted(site, reply, FRAGMENT, up="it")

    assert kept(site) == [("up", None)]
    assert f'hx-target="#feedback-{reply["request_id"]}"' in response.text
    assert "Merci, c'est noté." in response.text
    assert "<html" not in response.text


def test_after_not_helpful_a_reason_is_asked_for_and_kept_without_personal_data(site: Site) -> None:
    reply = site.ask(QUESTION)

    asked = voted(site, reply, FRAGMENT, down="it").text
    thanked = voted(
        site, reply, FRAGMENT, down="it", reason="incomplete", words="Appelez-moi au 06 39 98 12 34, merci."
    ).text

    assert asked.count('type="radio"') == 4
    assert "Merci, c'est noté." not in asked
    assert "Merci, c'est noté." in thanked
    assert kept(site) == [("down", "incomplete: Appelez-moi au [PHONE-1], merci.")]


def test_the_reason_may_be_left_blank(site: Site) -> None:
    reply = site.ask(QUESTION)

    assert "Merci, c'est noté." in voted(site, reply, FRAGMENT, down="it", words="").text
    assert kept(site) == [("down", None)]


def test_voting_again_changes_the_vote(site: Site) -> None:
    reply = site.ask(QUESTION)
    voted(site, reply, down="it", reason="wrong", words="")

    voted(site, reply, up="it")

    assert kept(site) == [("up", None)]


def test_without_javascript_the_page_comes_back_with_thanks_at_the_right_answer(site: Site) -> None:
    first = site.ask("Quels sont vos horaires ?")
    second = site.ask("Quels sont vos tarifs ?", conversation=first["conversation"])

    page = voted(site, first, up="it").text

    assert page.startswith("<!doctype html>")
    assert page.count("autofocus") == 1
    thanked, rest = page.split('id="exchange-' + second["request_id"])
    assert "Merci, c'est noté." in thanked
    assert "Merci, c'est noté." not in rest


def test_an_earlier_vote_shows_on_the_next_page(site: Site) -> None:
    reply = site.ask("Quels sont vos horaires ?")
    voted(site, reply, up="it")

    page = site.submit("Quels sont vos tarifs ?", conversation=reply["conversation"]).text

    assert re.findall(r'name="(\w+)" value="\w+" aria-pressed="(\w+)"', page) == [("up", "true"), ("down", "false")]


def test_only_who_holds_the_reference_of_the_conversation_may_vote(site: Site) -> None:
    mine, other = site.ask(QUESTION), site.ask("Quels sont vos tarifs ?")

    with_other_reference = voted(site, {**mine, "conversation": other["conversation"]}, up="it")
    with_bare_id = voted(site, {**mine, "conversation": str(site.parts.references.read(mine["conversation"]))}, up="it")
    from_elsewhere = voted(site, mine, {"Sec-Fetch-Site": "cross-site"}, up="it")

    assert [r.status_code for r in (with_other_reference, with_bare_id, from_elsewhere)] == [404, 404, 403]
    assert kept(site) == [(None, None)] * 2


def test_a_vote_that_is_none_is_refused(site: Site) -> None:
    reply = site.ask(QUESTION)

    assert voted(site, reply).status_code == 400
    assert voted(site, reply, up="it", down="it").status_code == 400
    assert kept(site) == [(None, None)]


def test_votes_have_a_limit_of_their_own(open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "LIMIT", "1 per 15 minutes")
    site = open_site(OKICHAT_RATE_LIMIT="2 per 15 minutes")
    reply = site.ask(QUESTION)
    voted(site, reply, up="it")

    fragment, page = voted(site, reply, FRAGMENT, down="it"), voted(site, reply, down="it")

    assert (fragment.status_code, page.status_code) == (429, 429)
    assert "Réessayez dans 15 min" in fragment.text
    assert "Réessayez dans 15 min" in page.text
    assert kept(site) == [("up", None)]
    assert site.post("Quels sont vos tarifs ?").status_code == 200


def test_a_store_that_is_away_is_no_error_page(site: Site) -> None:
    reply = site.ask(QUESTION)
    with site.parts.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE turns RENAME TO elsewhere")

    fragment, page = voted(site, reply, FRAGMENT, up="it"), voted(site, reply, up="it")

    assert (fragment.status_code, page.status_code) == (200, 200)
    assert "n'a pas pu être noté" in fragment.text
    assert "ne répondent pas" in page.text


def test_the_second_answer_in_a_row_without_help_offers_a_human_once(site: Site) -> None:
    first = site.submit(OUTSIDE[0], FRAGMENT).text
    conversation = re.findall(r'name="conversation" value="([^"]+)"', first)[0]

    second = site.submit(OUTSIDE[1], STREAMING, conversation=conversation).text
    third = site.submit(OUTSIDE[0], FRAGMENT, conversation=conversation).text
    page = site.submit("Quels sont vos horaires ?", conversation=conversation).text

    assert [text.count(OFFER) for text in (first, second, third, page)] == [0, 1, 0, 1]
    assert second.count('class="card"') == 1


def test_a_degraded_mode_offers_a_human_with_the_second_answer(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_BUDGET_USD="0.0001")
    reply = site.ask("Quels sont vos tarifs ?")

    second = site.submit("Quels sont vos horaires ?", FRAGMENT, conversation=reply["conversation"]).text

    assert second.count(OFFER) == 1
    assert second.count('class="card"') == 1


def test_a_vote_against_the_second_answer_brings_the_offer_up_under_it(site: Site) -> None:
    first = site.ask("Quels sont vos horaires ?")
    second = site.ask("Quels sont vos tarifs ?", conversation=first["conversation"])

    alone = voted(site, first, FRAGMENT, down="it").text
    offered = voted(site, second, FRAGMENT, down="it").text
    again = voted(site, second, FRAGMENT, down="it", words="Rien à voir").text
    page = voted(site, second, down="it").text

    assert [text.count(OFFER) for text in (alone, offered, again, page)] == [0, 1, 0, 1]
    assert f'hx-target="#offer-{second["request_id"]}"' in offered
