"""What a month will probably cost, and that the default settings cost no more than they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from okichat.money.estimate import likely_tokens, worst_case_tokens
from okichat.money.forecast import RecentUse, conversation_usd, monthly_table, recent_use
from okichat.money.prices import Price
from okichat.storage.engine import Store
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

# Four sentences, as the prompt asks for.
ANSWER = (
    "Oui, le cabinet s'en charge de bout en bout, depuis la collecte des pièces jusqu'à la déclaration elle-même. "
    "Un expert-comptable suit votre dossier toute l'année et vous prévient de chaque échéance avant qu'elle n'arrive. "
    "Les honoraires sont fixés d'avance dans une lettre de mission, selon le volume et la nature de vos opérations. "
    "Le plus simple est d'en parler de vive voix : le premier rendez-vous est gratuit et ne vous engage à rien."
)
DOLLARS_A_CONVERSATION = 0.0006


def test_a_conversation_costs_its_tokens_less_what_the_cache_gives() -> None:
    price = Price(0.1, 0.01, 0.5, "2026-11-22")
    assert conversation_usd(price, 3000, 360, 0.0) == pytest.approx(0.00048)
    assert conversation_usd(price, 3000, 360, 0.25) == pytest.approx(0.00036)


def test_the_table_stands_beside_the_reference() -> None:
    table = monthly_table(0.0005)
    assert [(line.conversations, line.dollars, line.reference_usd) for line in table] == [
        (500, 0.25, 0.30),
        (2000, 1.0, 1.20),
        (5000, 2.5, 3.00),
    ]


def test_likely_tokens_stay_below_the_bound() -> None:
    messages = [{"role": "system", "content": "Réponds."}, {"role": "user", "content": "Combien ça coûte ? 👍"}]
    assert likely_tokens(messages) == (9 + 24) // 4 + 8
    assert likely_tokens(messages) < worst_case_tokens(messages)


def answered(store: Store, clock: StoppedClock, rungs: list[tuple[str, int | None]], days_ago: int) -> None:
    rows = [
        {
            "id": f"{days_ago}-{number}",
            "conversation": "c",
            "asked_at": clock.now() - timedelta(days=days_ago),
            "language": "fr",
            "answered_by": rung,
            "output_tokens": tokens,
        }
        for number, (rung, tokens) in enumerate(rungs)
    ]
    with store.write() as connection:
        connection.execute(insert(turns), rows)


def test_the_hit_rate_is_that_of_the_last_thirty_days(store: Store, clock: StoppedClock) -> None:
    since = clock.now() - timedelta(days=30)
    assert recent_use(store, since) == RecentUse(0, None, None)
    answered(store, clock, [("gpt", 500)] * 50, days_ago=31)
    answered(store, clock, [("gpt", 100)] * 10 + [("gpt", 141)] * 20 + [("cache", None)] * 10, days_ago=2)
    answered(store, clock, [("local", None)] * 100, days_ago=1)
    assert recent_use(store, since) == RecentUse(40, 0.25, 127)


def test_too_few_answers_tell_nothing(store: Store, clock: StoppedClock) -> None:
    answered(store, clock, [("gpt", 100)] * 9 + [("cache", None)] * 10, days_ago=2)
    assert recent_use(store, clock.now() - timedelta(days=30)) == RecentUse(19, None, None)


def test_the_command_prints_the_table_and_says_what_it_assumed(open_site: Callable[..., Site]) -> None:
    output = open_site().app.test_cli_runner().invoke(args=["okichat", "estimate"]).output
    lines = [line.split() for line in output.splitlines()[-3:]]
    assert [(count, reference) for count, _, reference in lines] == [
        ("500", "0.30"),
        ("2000", "1.20"),
        ("5000", "3.00"),
    ]
    assert all(0 < float(dollars) <= float(reference) for _, dollars, reference in lines)
    assert output.count("assumed") == 2
    assert "at 4 bytes a token" in output


def test_the_command_says_what_to_mend_where_the_price_is_unknown(open_site: Callable[..., Site]) -> None:
    result = open_site(OPENAI_MODEL="unheard-of").app.test_cli_runner().invoke(args=["okichat", "estimate"])
    assert result.exit_code == 1
    assert "OKICHAT_PRICE_INPUT" in result.output


def test_a_conversation_with_the_default_settings_costs_no_more_than_it_may(
    open_site: Callable[..., Site], model: OpenAIServer, tmp_path: Path
) -> None:
    """By the tokens that the model's host counted, and the ledger's dollars for them."""
    model.always_reply(ANSWER)
    site = open_site(OPENAI_API_KEY="sk", OPENAI_BASE_URL=model.base_url)
    for slug in ("tarifs", "paie", "creation", "fiscalite", "horaires", "audit"):
        topic = site.parts.library.topic(slug, "fr")
        assert topic
        conversation = None
        for text in topic.questions[:3]:
            reply = site.ask(text, conversation=conversation)
            conversation = reply["conversation"]
    spent_usd = site.parts.budget.month().spent_microusd / 1_000_000
    assert len(model.requests) == 18
    assert 0 < spent_usd / 6 <= DOLLARS_A_CONVERSATION
