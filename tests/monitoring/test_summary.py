"""The figures of the dashboard, from a store whose turns are known, on SQLite and on Postgres."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from okichat.money.budget import Budget
from okichat.monitoring.figures import UNFINISHED, Figures, sum_of_figures
from okichat.monitoring.summary import Summary
from okichat.settings import Settings
from okichat.storage.engine import Store
from tests.doubles.clock import StoppedClock
from tests.monitoring.made_up_turns import TODAY, Ask, passed


def test_a_store_without_turns_has_figures_that_can_be_shown(summary: Summary) -> None:
    figures = summary.last(90)

    assert (figures.questions, figures.unanswered, figures.cost_microusd) == (0, 0, 0)
    assert figures.time_s(0.5) is figures.cost_per_useful_microusd is None
    assert figures.share("gpt") == 0.0


def test_questions_are_counted_by_who_answered(summary: Summary, ask: Ask) -> None:
    for rung in ("gpt", "gpt", "cache", "local", "small_talk", "handoff", None):
        ask(rung)

    figures = summary.last(1)

    assert figures.rungs == {"gpt": 2, "cache": 1, "local": 1, "small_talk": 1, "handoff": 1, UNFINISHED: 1}
    assert (figures.questions, figures.unanswered, figures.useful) == (7, 1, 4)
    assert figures.share("gpt") == pytest.approx(2 / 7)


def test_a_useful_answer_is_one_that_nobody_found_unhelpful(summary: Summary, ask: Ask) -> None:
    ask("gpt", cost_microusd=600, feedback="down")
    ask("gpt", cost_microusd=300, feedback="up")
    ask("local")
    ask("handoff", feedback="down")

    figures = summary.last(1)

    assert figures.useful == 2
    assert figures.cost_microusd == 900
    assert figures.cost_per_useful_microusd == 450
    assert figures.ratings == {"up": 1, "down": 2}


def test_several_questions_of_one_conversation_are_one_conversation(summary: Summary, ask: Ask) -> None:
    for conversation in ("a", "a", "b"):
        ask(conversation=conversation)

    assert summary.last(1).conversations == 2


def test_times_are_of_answers_that_were_given(summary: Summary, ask: Ask) -> None:
    for took_s in range(1, 101):
        ask(took_s=took_s / 10)
    ask(None, answered_at=datetime(2027, 1, 1, tzinfo=UTC))  # stopped by the visitor

    figures = summary.last(1)

    assert figures.time_s(0.5) == pytest.approx(5.0, abs=0.011)
    assert figures.time_s(0.95) == pytest.approx(9.5, abs=0.011)


def test_first_words_are_of_answers_of_which_they_are_known(summary: Summary, ask: Ask) -> None:
    for first_ms in range(10, 1010, 10):
        ask(first_word_ms=first_ms)
    ask()  # from before they were kept

    figures = summary.last(1)

    assert figures.first_word_s(0.5) == pytest.approx(0.5, abs=0.011)
    assert figures.first_word_s(0.95) == pytest.approx(0.95, abs=0.011)
    assert summary.last(1).first_words.total() == 100


def test_visitors_are_counted_once_a_day(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    for visitor in ("a", "a", "b", None):
        ask(visitor=visitor)
    ask(visitor="a", at=clock.now() - timedelta(days=1))

    assert summary.last(1).visitors == 2
    assert summary.last(7).visitors == 3


def test_hours_are_told_of_each_of_the_last_days(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    a_week_ago = TODAY - timedelta(weeks=1)
    ask()
    ask(at=clock.now() - timedelta(weeks=1))
    ask(at=clock.now() - timedelta(weeks=1, hours=2))

    counted = summary.hours(8)
    summary.prepare()

    assert list(counted)[0::7] == [a_week_ago, TODAY]
    assert {day: hours for day, hours in counted.items() if hours} == {TODAY: {10: 1}, a_week_ago: {10: 1, 8: 1}}
    assert summary.hours(8) == counted


def test_reasons_are_counted_by_source_and_errors_by_class(summary: Summary, ask: Ask) -> None:
    ask("local", passed=passed("small_talk:no_small_talk", "gpt:timeout"))
    ask("local", passed=passed("small_talk:no_small_talk", "gpt:timeout"))
    ask("local", passed=passed("gpt:paused_timeout"))
    ask("handoff", passed=passed("gpt:off_topic", "local:nothing_found"))
    ask("gpt", passed=[])

    figures = summary.last(1)

    assert figures.passes["gpt", "timeout"] == 2
    assert figures.passes["local", "nothing_found"] == 1
    assert figures.errors == {"timeout": 3}


def test_a_day_is_one_of_the_firms_time_zone(summary: Summary, ask: Ask) -> None:
    midnight_in_paris = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    ask(at=midnight_in_paris - timedelta(seconds=1))
    ask(at=midnight_in_paris)
    ask(at=midnight_in_paris + timedelta(hours=9, minutes=59))

    assert summary.last(1).days == {TODAY: 2}
    assert summary.last(1).hours == {0: 1, 9: 1}
    assert summary.last(7).days == {TODAY: 2, TODAY - timedelta(days=1): 1}


def test_a_period_ends_today_and_has_so_many_days(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    for days_ago in (0, 6, 7, 29, 30, 89, 90):
        ask(at=clock.now() - timedelta(days=days_ago))

    assert [summary.last(days).questions for days in (1, 7, 30, 90)] == [1, 2, 4, 6]


def test_the_day_on_which_the_clocks_change_is_counted_once(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    clock.stand_at(datetime(2026, 10, 25, 20, tzinfo=UTC))
    begin, end = summary.bounds(date(2026, 10, 25))
    for hours in range(25):
        ask(at=begin + timedelta(hours=hours, minutes=1))

    assert (end - begin).total_seconds() == 25 * 3600
    assert summary.last(1).hours.total() == 25
    assert summary.last(1).hours[2] == 2


def test_tomorrow_begins_with_nothing(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    ask()
    assert summary.last(1).questions == 1

    clock.forward(days=1)

    assert (summary.last(1).questions, summary.last(7).questions) == (0, 1)


def test_all_there_ever_was_is_counted_also_what_came_since(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    ask("gpt", at=clock.now() - timedelta(days=100), input_tokens=100, output_tokens=10)
    ask("local")
    assert summary.ever().rungs == {"gpt": 1, "local": 1}

    ask("gpt", input_tokens=1, output_tokens=1)
    assert summary.ever().rungs == {"gpt": 2, "local": 1}
    clock.forward(days=3)
    ask("handoff")

    assert summary.ever().rungs == {"gpt": 2, "local": 1, "handoff": 1}
    assert summary.ever().tokens == {"input": 101, "output": 11}


def test_topics_are_counted_with_what_visitors_said(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    def cited(*slugs: str) -> list[dict[str, Any]]:
        return [{"topic": slug, "title": slug.title(), "link": None} for slug in slugs]

    ask(citations=cited("tarifs"), feedback="up")
    ask("local", citations=cited("tarifs", "paie"), feedback="down")
    ask("cache", citations=cited("tarifs"))
    ask(citations=cited("tarifs"), language="en")
    ask("handoff", citations=[])
    ask(None)
    ask(at=clock.now() - timedelta(days=31), citations=cited("paie"))

    found = summary.topics(30)

    assert {topic: (use.hits, use.up, use.down) for topic, use in found.items()} == {
        ("fr", "tarifs"): (3, 1, 1),
        ("fr", "paie"): (1, 0, 1),
        ("en", "tarifs"): (1, 0, 0),
    }


def test_money_by_day_ends_at_what_the_ledger_has_spent(summary: Summary, store: Store, clock: StoppedClock) -> None:
    dollar = {"price_input_usd": 1.0, "price_output_usd": 1.0, "openai_model": "model", "openai_api_key": "k"}
    budget = Budget(store, clock, Settings(**dollar))  # type: ignore[arg-type]
    for day, tokens in ((2, 100), (2, 50), (20, 30)):
        clock.stand_at(datetime(2026, 11, day, 12, tzinfo=UTC))
        reservation = budget.reserve("q", "model", 1000, 0)
        budget.settle(reservation, input_tokens=tokens, cached_input_tokens=0, output_tokens=0)
    clock.stand_at(datetime(2026, 11, 23, 12, tzinfo=UTC))

    spent = summary.spent_by_day("2026-11")

    assert len(spent) == 23
    assert [spent[date(2026, 11, day)] for day in (1, 2, 19, 20, 23)] == [0, 150, 150, 180, 180]
    assert spent[TODAY] == budget.month().spent_microusd


def test_figures_of_two_spans_add_up(summary: Summary, ask: Ask) -> None:
    ask("gpt", cost_microusd=5)

    both = sum_of_figures([summary.last(1), summary.last(1), Figures()])

    assert (both.questions, both.cost_microusd, both.conversations) == (2, 10, 2)
