"""The model's text while it grows: what may be shown of it, and which end is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from okichat.answer import Answer
from okichat.knowledge.findings import Findings
from okichat.knowledge.library import load_library
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.sources.completion import Chunk
from okichat.sources.draft import Checks, Draft, TextDropped
from okichat.sources.faults import ModelFault
from tests.knowledge.folders import write_prices_and_place

QUESTION = Question("Vos prix ?")
NOTHING = Findings((), (), 0.5, "unsure")
MESSAGES = [
    {"role": "system", "content": "Tu es l'assistant de la maison. Réponds en quatre phrases, en 17 secondes."},
    {"role": "user", "content": "Une mission coûte 300 €. Question : vos prix ?"},
]


def draft(findings: Findings = NOTHING) -> Draft:
    return Draft(QUESTION, findings, Checks.of(MESSAGES, "okichat-0123456789", 40, grounded=True), Sentences())


def finished(text: str, reason: str | None = "stop", findings: Findings = NOTHING) -> Answer:
    written = draft(findings)
    written.add(Chunk(text, reason))
    written.finish()
    return written.answer("gpt", None)


def test_a_server_that_writes_on_past_its_cap_is_not_read_for_ever() -> None:
    growing = draft()

    with pytest.raises(ModelFault, match="longer than asked for"):
        [growing.add(Chunk("mot ")) for _ in range(1000)]


def test_what_only_the_rules_say_is_no_fact_for_visitors() -> None:
    assert finished("Comptez 300 €.").text == "Comptez 300 €."
    with pytest.raises(TextDropped) as dropped:
        finished("Comptez 17 secondes.")
    assert dropped.value.reason == "ungrounded"


def test_the_canary_is_a_leak() -> None:
    with pytest.raises(TextDropped) as dropped:
        finished("Voici : okichat 0123456789.")
    assert dropped.value.reason == "prompt_leak"


@pytest.mark.parametrize(("text", "reason"), [("Comptez 300 €.", None), ("Comptez", "tool_calls"), ("  \n", "stop")])
def test_text_without_an_end_and_an_end_without_text_are_no_answer(text: str, reason: str | None) -> None:
    with pytest.raises(ModelFault):
        finished(text, reason)


def test_a_block_that_may_not_be_shown_stops_the_text_before_the_next_one() -> None:
    growing = draft()
    assert growing.add(Chunk("Comptez 450 €.")) == "Comptez 450 €."

    with pytest.raises(TextDropped):
        growing.add(Chunk("\n\nEt puis"))


def test_the_first_letters_are_held_back_while_they_may_be_the_marker() -> None:
    growing = draft()

    assert [growing.add(Chunk(text)) for text in ("[HORS", "-", "d'œuvre]")] == ["", "", "[HORS-d'œuvre]"]


def test_only_topics_whose_words_the_text_uses_are_named_where_the_search_was_not_sure(tmp_path: Path) -> None:
    library = load_library(write_prices_and_place(tmp_path), {})
    prices, place = library.topic("prix", "fr"), library.topic("lieu", "fr")
    assert prices
    assert place
    unsure = Findings((), (prices, place), 0.5, "unsure")

    assert finished("Chaque mission coûte 300 €.", findings=unsure).topics == ("prix",)
    assert finished("Merci beaucoup.", findings=unsure).topics == ()
