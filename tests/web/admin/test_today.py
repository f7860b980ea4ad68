"""The first screen: how it goes, in a sentence, figures and charts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from okichat.contact.message import Message
from okichat.conversations.listing import Wanted
from okichat.web.admin import wording
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site
from tests.web.admin.dashboard import FIELD, OUTSIDE, PASSWORD, page, put, sign_in, words


def test_today_says_in_a_sentence_how_it_goes_and_what_needs_a_hand(owner: Site) -> None:
    owner.ask(FIELD)
    owner.ask(OUTSIDE)
    owner.parts.messages.keep(Message("Rappelez-moi.", phone="0612345678"))

    today = words(owner, "/admin")

    assert "2 questions aujourd'hui, 1 sans réponse, dépense de 0,00\N{NO-BREAK SPACE}$, mode local." in today
    assert "une question est restée sans réponse" in today
    assert "Un message attend votre réponse." in today
    assert "Aucun moyen d'envoi n'est réglé" in today
    assert "aucune clé n'est réglée" in today
    assert "2 questions today, 1 unanswered" in page(owner, "/admin?lang=en")


def test_today_counts_visitors_first_words_and_errors_by_class(owner: Site, clock: StoppedClock) -> None:
    put(owner, "Quels sont vos tarifs ?", visitor="a" * 16, first_word_ms=640, answered_by="local",
        answered_at=clock.now(), passed=[{"source": "gpt", "reason": "timeout_first_word"}])  # fmt: skip
    put(owner, "Et vos horaires ?", visitor="b" * 16)

    today, week = words(owner, "/admin"), words(owner, "/admin?days=7")

    assert "<dt>Visiteurs (par jour)</dt><dd>2</dd>" in today
    assert '<dd>0,3 <span class="quiet">2, comptés chaque jour</span></dd>' in week
    assert "<dt>Premier mot, médiane</dt><dd>0,6\N{NO-BREAK SPACE}s</dd>" in today
    assert "<dt>Erreurs de GPT</dt><dd>1</dd>" in today
    assert '<th scope="row">premier mot trop tardif</th><td class="amount">1</td>' in today
    assert "<dt>À ce rythme, le budget</dt><dd>suffit pour le mois</dd>" in today


def test_a_quiet_day_says_what_will_appear(owner: Site) -> None:
    assert "Aucune question aujourd'hui, aucune sans réponse" in words(owner, "/admin")
    assert "Dès qu'un visiteur écrira" in words(owner, "/admin/questions")
    assert "apparaîtront ici" in page(owner, "/admin/messages")


def test_a_paused_model_is_explained_with_the_end_of_the_pause(
    open_site: Callable[..., Site], model: OpenAIServer, clock: StoppedClock
) -> None:
    site = open_site(
        clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url
    )
    sign_in(site)
    assert "mode GPT" in page(site, "/admin")
    model.fail("invalid_key")
    site.ask(FIELD)

    today = words(site, "/admin")

    assert "Mode local jusqu'au 23 nov. 2026, 10:40. Cause : clé refusée." in today
    assert "mode local" in today


@pytest.mark.parametrize(
    ("microusd", "shown"),
    [
        (None, "–"),
        (0, "0,00 $"),
        (40, "< 0,0001 $"),
        (100, "0,0001 $"),
        (9_999, "0,0100 $"),
        (10_000, "0,01 $"),
        (1_234_560_000, "1\N{NARROW NO-BREAK SPACE}234,56 $"),
    ],
)
def test_money_is_shown_to_the_cent_and_small_money_more_finely(site: Site, microusd: int | None, shown: str) -> None:
    with site.app.test_request_context("/admin?lang=fr"):
        assert wording.dollars(microusd) == shown.replace(" ", "\N{NO-BREAK SPACE}")


def test_what_is_one_is_not_many_and_the_first_of_a_month_is_the_first(owner: Site, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
    owner.ask(FIELD)
    turn = owner.parts.questions.find(Wanted(), 1).asked[0]
    owner.parts.turns.rate(turn.id, turn.conversation, up=True)
    sign_in(owner)

    today, week, security = (words(owner, path) for path in ("/admin", "/admin?days=7", "/admin/security?days=7"))

    assert '<dd>1 <span class="quiet">utiles : 1, inutiles : 0</span></dd>' in today
    assert "<dt>Le budget repart le</dt><dd>1er déc.</dd>" in today
    assert "1 question ; le plus : 1 (10 h)." in today
    assert "1 question ; le plus : 1 (1er nov.)." in week
    assert "Questions en une heure, au plus : 1 (1er nov.)." in security
    assert "1 nov." not in today + week + security


def test_money_that_is_spent_is_not_foretold_to_be(
    open_site: Callable[..., Site], model: OpenAIServer, clock: StoppedClock
) -> None:
    site = open_site(
        clock,
        OKICHAT_ADMIN_PASSWORD=PASSWORD,
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_BUDGET_USD="0.0001",
    )
    site.ask(FIELD)
    sign_in(site)

    assert "<dt>À ce rythme, le budget</dt><dd>est épuisé</dd>" in words(site, "/admin")


def test_every_period_has_its_charts_each_with_title_description_and_table(owner: Site) -> None:
    owner.ask(FIELD)

    for days in ("1", "7", "30", "90", "2", "x", ""):
        today = page(owner, f"/admin?days={days}")

        charts = re.findall(r'<svg class="chart" role="img" aria-labelledby="([\w-]+) ([\w-]+)"', today)
        assert len(charts) == today.count("<details>") == 2
        for title, description in charts:
            assert re.search(f'<title id="{title}">[^<]+</title><desc id="{description}">[^<]+</desc>', today)


def test_htmx_gets_what_refreshes_itself_and_is_told_when_the_session_has_ended(
    owner: Site, clock: StoppedClock
) -> None:
    asked = {"HX-Request": "true"}
    part = owner.client.get("/admin", headers=asked).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="today"')
    assert 'hx-trigger="every 30s"' in part
    assert "hx-get" not in page(owner, "/admin?live=0")

    clock.forward(hours=13)
    ended = owner.client.get("/admin", headers=asked).get_data(as_text=True)

    assert "Votre session est terminée." in ended
    assert "hx-get" not in ended
