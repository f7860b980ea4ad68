"""A topic says when it no longer holds, and the owner hears of it a month before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from okichat.clock import days_in
from okichat.knowledge.library import load_library
from okichat.knowledge.validity import ValidityWatch, endings
from okichat.monitoring.journal import Fact, Journal
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.knowledge.folders import write_topic
from tests.site import Site

UNTIL = "valid_until: 2026-12-31\n"
FROM = "valid_from: 2026-12-01\n"
CARD = 'class="card-title"'
QUESTION = "Quelle est la prime de fin d'année ?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_topic(tmp_path / "own", "fr/prime", (QUESTION,), body="La prime est de 100 €.\n", more=UNTIL)
    write_topic(tmp_path / "own", "fr/bureau", ("Où est le bureau ?",), body="À Paris.\n")
    return tmp_path / "own"


@pytest.fixture
def site(open_site: Callable[..., Site], folder: Path, clock: StoppedClock) -> Site:
    return open_site(clock, OKICHAT_KNOWLEDGE=str(folder))


def test_until_its_last_day_in_paris_a_topic_answers_as_ever(site: Site, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 12, 31, 22, 59, tzinfo=UTC))

    reply = site.ask(QUESTION)

    assert (reply["response"], reply["notice"]) == ("La prime est de 100 €.", None)
    assert CARD not in site.submit(QUESTION).text


def test_past_it_the_answer_says_so_and_offers_the_human(site: Site, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 12, 31, 23, 0, tzinfo=UTC))

    reply = site.ask(QUESTION)

    assert reply["response"].startswith("La prime est de 100 €.")
    assert "jusqu'au 31/12/2026" in reply["response"]
    assert "en vigueur" in reply["notice"]
    assert CARD in site.submit(QUESTION).text


def test_before_its_first_day_the_answer_says_from_when(open_site: Callable[..., Site], tmp_path: Path) -> None:
    write_topic(tmp_path / "own", "fr/prime", (QUESTION,), more=FROM)

    reply = open_site(StoppedClock(), OKICHAT_KNOWLEDGE=str(tmp_path / "own")).ask(QUESTION)

    assert "à partir du 01/12/2026" in reply["response"]


def test_gpt_gets_the_same_remark(
    open_site: Callable[..., Site], folder: Path, clock: StoppedClock, model: OpenAIServer
) -> None:
    site = open_site(clock, OKICHAT_KNOWLEDGE=str(folder), OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)
    site.ask(QUESTION)
    clock.stand_at(datetime(2027, 1, 2, tzinfo=UTC))
    site.ask(QUESTION)

    before, after = (request.body["messages"][-1]["content"] for request in model.requests)
    assert "31/12/2026" not in before
    assert "jusqu'au 31/12/2026" in after


def test_an_answer_of_gpt_is_not_given_again_once_its_topic_has_ended(
    open_site: Callable[..., Site], folder: Path, clock: StoppedClock, model: OpenAIServer
) -> None:
    model.always_reply("Elle est de 100 €.")
    site = open_site(clock, OKICHAT_KNOWLEDGE=str(folder), OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)
    clock.stand_at(datetime(2026, 12, 31, 20, tzinfo=UTC))
    rungs = [site.ask(QUESTION)["answered_by"] for _ in range(2)]
    clock.forward(hours=4)

    assert [*rungs, site.ask(QUESTION)["answered_by"]] == ["gpt", "cache", "gpt"]


@pytest.mark.parametrize(("day", "left"), [(date(2026, 12, 1), 30), (date(2026, 12, 31), 0), (date(2027, 1, 3), -3)])
def test_the_owner_is_warned_from_thirty_days_before(folder: Path, day: date, left: int) -> None:
    assert [(found.topic.slug, found.days_left) for found in endings(load_library(folder, {}), day)] == [
        ("prime", left)
    ]


def test_a_topic_with_more_time_is_not_spoken_of(folder: Path) -> None:
    assert list(endings(load_library(folder, {}), date(2026, 11, 30))) == []


def test_each_is_told_once_a_day(folder: Path, clock: StoppedClock) -> None:
    journal = Journal(clock)
    heard: list[tuple[str, dict[str, Fact]]] = []
    journal.listen(lambda name, facts: heard.append((name, facts)))
    watch = ValidityWatch(load_library(folder, {}), journal, days_in("Europe/Paris", clock))
    clock.stand_at(datetime(2026, 12, 31, 8, tzinfo=UTC))

    for _ in range(3):
        watch.look()
        clock.forward(hours=6)
    clock.forward(hours=6)
    watch.look()

    assert heard == [
        ("topic_ends", {"file": "fr/prime.md", "days_left": 0}),
        ("topic_ended", {"file": "fr/prime.md", "days_left": -1}),
    ]


def test_the_running_app_looks(site: Site, clock: StoppedClock) -> None:
    heard: list[str] = []
    site.parts.journal.listen(lambda name, facts: heard.append(name))
    clock.stand_at(datetime(2026, 12, 15, tzinfo=UTC))

    site.parts.upkeep.do_round()

    assert "topic_ends" in heard
