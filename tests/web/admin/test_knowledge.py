"""The topics, a question tried out on them, and GPT asked by the owner."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from okichat.conversations.listing import Wanted
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site
from tests.web.admin.dashboard import FIELD, OUTSIDE, PASSWORD, page, sign_in, words


def test_knowledge_shows_how_topics_are_used_and_what_a_question_would_find(owner: Site) -> None:
    reply = owner.ask(FIELD)
    turn = owner.parts.questions.find(Wanted(), 1).asked[0]
    owner.parts.turns.rate(turn.id, turn.conversation, up=True)

    shown = page(owner, f"/admin/knowledge?q={FIELD}")

    assert reply["topics"][0] == "horaires"
    assert re.search(r'topic=horaires">1</a>.*?100', shown, re.DOTALL)
    assert "GPT ne serait pas appelé" in page(owner, f"/admin/knowledge?q={OUTSIDE}")
    assert page(owner, "/admin/knowledge/fr/horaires")
    assert owner.client.get("/admin/knowledge/fr/nothing").status_code == 404
    assert len(owner.parts.questions.find(Wanted(), 9).asked) == 1  # trying leaves no question behind


class TestGptTriedOut:
    """The owner asks GPT on the screen of the knowledge."""

    @pytest.fixture
    def owner(self, open_site: Callable[..., Site], model: OpenAIServer, clock: StoppedClock) -> Site:
        site = open_site(
            clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url
        )
        sign_in(site)
        return site

    def tried(self, owner: Site, question: str = FIELD) -> str:
        reply = owner.client.post("/admin/knowledge", data={"q": question})
        assert reply.status_code == 200
        return html.unescape(reply.get_data(as_text=True))

    def test_nothing_is_paid_before_the_owner_says_so(self, owner: Site, model: OpenAIServer) -> None:
        shown = words(owner, f"/admin/knowledge?q={FIELD}")

        assert re.search(r"Demander aussi à GPT \(≈ 0,\d+\N{NO-BREAK SPACE}\$\)", shown)
        assert model.requests == []

    def test_both_answers_stand_there_with_the_real_price_and_no_conversation_knows(
        self, owner: Site, model: OpenAIServer
    ) -> None:
        model.reply("Du lundi au vendredi.", usage={"prompt_tokens": 3000, "completion_tokens": 200})

        shown = self.tried(owner)

        spent = owner.parts.budget.month().spent_microusd
        assert "Voici la réponse des fiches, gratuite." in shown
        assert "Du lundi au vendredi." in shown
        assert spent > 0
        assert re.search(rf"3.200 jetons, {spent / 1e6:.4f}".replace("0.", "0,"), shown)
        assert owner.parts.questions.find(Wanted(), 9).asked == []
        assert "Demander aussi à GPT" not in shown

    def test_personal_data_does_not_reach_the_model(self, owner: Site, model: OpenAIServer) -> None:
        self.tried(owner, f"{FIELD} Mon numéro : 06 12 34 56 78")

        assert "06 12 34 56 78" not in str(model.requests[0])

    def test_a_question_outside_the_field_costs_nothing(self, owner: Site, model: OpenAIServer) -> None:
        assert "GPT ne serait pas appelé" in self.tried(owner, OUTSIDE)
        assert model.requests == []

    def test_why_gpt_gives_no_answer_is_told(self, owner: Site, model: OpenAIServer) -> None:
        model.fail("invalid_key")

        shown = self.tried(owner)

        assert "GPT n'a pas donné de réponse : clé refusée. Rien n'a été dépensé." in shown
        assert "Mode local jusqu'au" in words(owner, f"/admin/knowledge?q={FIELD}")

    def test_an_empty_budget_is_kept_to(self, open_site: Callable[..., Site], model: OpenAIServer) -> None:
        site = open_site(
            OKICHAT_ADMIN_PASSWORD=PASSWORD,
            OPENAI_API_KEY="sk-test-key",
            OPENAI_BASE_URL=model.base_url,
            OKICHAT_BUDGET_USD="0.0001",
        )
        sign_in(site)

        assert "GPT n'a pas donné de réponse" in self.tried(site)
        assert model.requests == []

    def test_another_site_cannot_spend_the_money(self, owner: Site, model: OpenAIServer) -> None:
        reply = owner.client.post("/admin/knowledge", data={"q": FIELD}, headers={"Sec-Fetch-Site": "cross-site"})

        assert reply.status_code == 403
        assert model.requests == []

    @pytest.mark.parametrize("question", ["", "a" * 501])
    def test_what_is_no_question_is_refused(self, owner: Site, model: OpenAIServer, question: str) -> None:
        assert 'role="alert"' in self.tried(owner, question)
        assert model.requests == []
