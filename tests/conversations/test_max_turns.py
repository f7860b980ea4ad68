"""A long conversation: GPT has answered its share, the knowledge base goes on."""

from __future__ import annotations

from collections.abc import Callable

from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, Site

QUESTIONS = ("Quels sont vos tarifs ?", "Et vos horaires ?", "Quels documents faut-il ?", "Où est le cabinet ?")


def test_beyond_the_share_of_gpt_the_knowledge_answers_and_the_next_conversation_has_a_share_of_its_own(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_MAX_TURNS="2")
    first = site.ask(QUESTIONS[0])

    second, third = (site.ask(question, conversation=first["conversation"]) for question in QUESTIONS[1:3])

    assert [reply["answered_by"] for reply in (first, second)] == ["gpt", "gpt"]
    assert third["answered_by"] in ("local", "handoff")
    assert "nouvelle conversation" in third["notice"]
    assert len(model.requests) == 2
    assert site.ask("Quels sont vos tarifs pour une SCI ?")["answered_by"] == "gpt"


def test_the_page_offers_a_new_conversation_and_a_human_once(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_MAX_TURNS="1")
    conversation = site.ask(QUESTIONS[0])["conversation"]

    told, again = (
        site.submit(question, FRAGMENT, conversation=conversation).get_data(as_text=True) for question in QUESTIONS[1:3]
    )

    assert 'href="/" target="_self">Nouvelle conversation</a>' in told
    assert 'href="/contact' in told
    assert "Nouvelle conversation" not in again
