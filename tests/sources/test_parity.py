"""GPT and the knowledge base side by side, through the real client and the real budget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.money.prices import price_of
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.sources.local import Local
from okichat.sources.parity import CannotAsk, Pair, Parity, example_questions, likely_cost_usd
from tests.doubles.openai_server import OpenAIServer
from tests.knowledge.folders import write_prices_and_place
from tests.site import Site

PRICES = "Vos prix ?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_prices_and_place(tmp_path / "own")


@pytest.fixture
def site(open_site: Callable[..., Site], folder: Path, model: OpenAIServer) -> Site:
    return open_site(
        OKICHAT_KNOWLEDGE=str(folder),
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_GROUNDING="off",
    )


def asked(site: Site, text: str = PRICES) -> Pair:
    return Parity(site.parts.search, site.parts.gpt, Local(Sentences())).pair("prix", Question(text))


def test_the_same_in_other_words_is_no_difference(site: Site, model: OpenAIServer) -> None:
    model.reply("Comptez 300 euros pour une mission.")

    pair = asked(site)

    assert pair.differences == ()
    assert pair.gpt is not None
    assert pair.local is not None
    assert (pair.gpt.answered_by, pair.local.answered_by) == ("gpt", "local")


def test_a_fact_that_only_one_of_them_says_is_a_difference(site: Site, model: OpenAIServer) -> None:
    model.reply("Une mission coûte 450 €.")

    assert asked(site).differences == ("GPT also says 450 €", "GPT does not say 300 €")


def test_quite_other_words_are_a_difference(site: Site, model: OpenAIServer) -> None:
    model.reply("Merci beaucoup de votre visite, bonne journée, comptez 300 €.")

    assert asked(site).differences == ("only 0% of the words in common",)


def test_what_only_one_of_them_answers_is_a_difference(site: Site, model: OpenAIServer) -> None:
    model.reply("[HORS-SUJET]")

    assert asked(site).differences == ("only the knowledge base answers (off topic)",)


def test_every_example_is_asked_or_so_many_of_each_topic(site: Site) -> None:
    every = example_questions(site.parts.library, ["fr"], None)
    some = example_questions(site.parts.library, ["fr"], 1)

    assert [(topic, question.text) for topic, question in every] == [
        ("lieu", "Votre adresse ?"),
        ("prix", PRICES),
        ("prix", "C'est combien ?"),
    ]
    assert [topic for topic, _ in some] == ["lieu", "prix"]
    assert [question.text for _, question in some] == [
        q.text for _, q in example_questions(site.parts.library, ["fr"], 1)
    ]


def test_the_cost_is_estimated_from_the_real_prompts(site: Site, model: OpenAIServer) -> None:
    parts = site.parts
    price = price_of(parts.settings.openai_model, parts.settings)
    assert price is not None
    questions = example_questions(parts.library, ["fr"], None)

    likely = likely_cost_usd(questions, parts.search, parts.prompt, price)
    for topic, question in questions:
        Parity(parts.search, parts.gpt, Local(Sentences())).pair(topic, question)

    spent_usd = parts.budget.month().spent_microusd / 1_000_000
    assert 0 < spent_usd < likely < 3 * spent_usd


def test_nothing_is_asked_past_the_budget(open_site: Callable[..., Site], folder: Path, model: OpenAIServer) -> None:
    site = open_site(
        OKICHAT_KNOWLEDGE=str(folder),
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_BUDGET_USD="0.000001",
    )

    with pytest.raises(CannotAsk, match="budget_spent"):
        asked(site)
    assert model.requests == []


def test_nothing_is_asked_once_the_owner_has_turned_gpt_off(site: Site, model: OpenAIServer) -> None:
    site.parts.switch.turn(off=True, way="command")

    with pytest.raises(CannotAsk, match="switched_off"):
        asked(site)
    assert model.requests == []


def test_gpt_is_asked_anew_even_if_the_answer_is_in_the_cache(site: Site, model: OpenAIServer) -> None:
    site.ask(PRICES)

    asked(site)
    asked(site)

    assert len(model.requests) == 3
