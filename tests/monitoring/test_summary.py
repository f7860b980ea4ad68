"""The figures of the dashboard, from a store whose turns are known, on SQLite and on Postgres."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.money.budget import Budget
from okichat.monitoring.charts import Point, bars, money_line, share_bar
from okichat.monitoring.day import Day, TopicUse
from okichat.monitoring.day_book import DayBook
from okichat.monitoring.figures import UNFINISHED, Figures
from okichat.monitoring.summary import Summary
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, day_figures, turns
from tests.doubles.clock import StoppedClock

# The clock stands on a Monday, half past ten in Paris, which is half past nine UTC.
TODAY = date(2026, 11, 23)

Ask = Callable[..., None]


@pytest.fixture
def summary(store: Store, clock: StoppedClock) -> Summary:
    return Summary(store, clock, "Europe/Paris")


@pytest.fixture
def ask(store: Store, clock: StoppedClock) -> Ask:
    """Writes a turn: who answered it, when, after how long, and what else is said."""
    number = iter(range(10_000))

    def write(rung: str | None = "gpt", at: datetime | None = None, took_s: float = 1.0, **more: Any) -> None:
        at = at or clock.now()
        n = next(number)
        answered = (
            {"answered_by": rung, "answered_at": at + timedelta(seconds=took_s), "answer": "Oui."} if rung else {}
        )
        row = {"id": f"t{n}", "conversation": f"c{n}", "asked_at": at, "language": "fr", "question": "?"}
        with store.write() as connection:
            connection.execute(insert(turns), {**row, **answered, **more})

    return write


def passed(*sources_and_reasons: str) -> list[dict[str, str]]:
    pairs = (each.split(":") for each in sources_and_reasons)
    return [{"source": source, "reason": reason} for source, reason in pairs]


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


def test_hours_are_told_of_any_days(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    a_week_ago = TODAY - timedelta(weeks=1)
    ask()
    ask(at=clock.now() - timedelta(weeks=1))
    ask(at=clock.now() - timedelta(weeks=1, hours=2))

    assert summary.hours([a_week_ago, TODAY]) == {TODAY: {10: 1}, a_week_ago: {10: 1, 8: 1}}


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


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """What is said to the database from now on."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        said.append(sql)

    event.listen(store.engine, "before_cursor_execute", note)
    yield said
    event.remove(store.engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Told:
    """A day of which somebody says what happened."""

    figures: Figures = field(default_factory=Figures)
    topics: dict[tuple[str, str], TopicUse] = field(default_factory=dict)
    spent_microusd: dict[str, int] = field(default_factory=dict)


def _busy_month(ask: Ask, clock: StoppedClock) -> None:
    """Some days of everything that is counted."""
    cited = [{"topic": "tarifs", "title": "Tarifs", "link": None}]
    for number, days_ago in enumerate((0, 1, 2, 3, 28, 29, 30, 89, 89, 90, 91)):
        at = clock.now() - timedelta(days=days_ago, minutes=number)
        ask("gpt", at, 0.7 + number, citations=cited, cost_microusd=600, input_tokens=9, first_word_ms=400 + number)
        ask("local", at, passed=passed("gpt:timeout"), feedback="down", visitor=f"v{number}", citations=cited)
        ask("handoff", at, conversation="one")
        ask(None, at)


def test_the_book_of_days_says_what_a_count_of_the_turns_says(
    store: Store, ask: Ask, clock: StoppedClock, statements: list[str]
) -> None:
    _busy_month(ask, clock)
    counted, kept = Summary(store, clock, "Europe/Paris"), Summary(store, clock, "Europe/Paris")
    direct = [(counted.last(days), counted.topics(days)) for days in (1, 7, 30, 90)]
    everything = counted.ever()

    kept.prepare()

    statements.clear()
    assert [(kept.last(days), kept.topics(days)) for days in (1, 7, 30, 90)] == direct
    assert kept.ever() == everything
    assert everything.questions == 44
    assert sum("FROM turns" in sql for sql in statements) < 80  # today's and yesterday's, not ninety days'


def test_yesterday_is_in_the_book_once_nobody_can_still_be_answered_for_it(
    summary: Summary, ask: Ask, store: Store, clock: StoppedClock
) -> None:
    def kept() -> set[str]:
        with store.read() as connection:
            return set(connection.scalars(select(day_figures.c.day)))

    clock.stand_at(datetime(2026, 11, 23, 23, 5, tzinfo=UTC))  # five past midnight in Paris
    summary.prepare()
    assert "2026-11-23" not in kept()
    ask(at=clock.now() - timedelta(minutes=6))

    clock.forward(minutes=6)
    summary.prepare()

    assert "2026-11-23" in kept()
    assert summary.last(7).days == {TODAY: 1}


def test_a_late_vote_is_seen_at_once_and_kept_by_the_next_round(
    summary: Summary, ask: Ask, store: Store, clock: StoppedClock, statements: list[str]
) -> None:
    ask(at=clock.now() - timedelta(days=80), conversation="c")
    summary.prepare()

    assert Turns(store, clock, 20).rate("t0", "c", up=False)

    assert summary.last(90).ratings == {"down": 1}
    summary.prepare()
    statements.clear()
    assert summary.last(90).ratings == {"down": 1}
    assert sum("FROM turns" in sql for sql in statements) < 20


def test_a_vote_that_comes_while_its_day_is_counted_is_not_lost(store: Store, ask: Ask, clock: StoppedClock) -> None:
    ask(at=clock.now() - timedelta(days=5), conversation="c")
    day, book = TODAY - timedelta(days=5), DayBook(store, clock, "Europe/Paris")

    def count_and_meanwhile_a_vote(_day: date) -> Day:
        Turns(store, clock, 20).rate("t0", "c", up=True)
        return Told()  # what was counted just before the vote

    assert book.fill([day], count_and_meanwhile_a_vote) == 0

    assert book.read(day, day) == {}
    clock.forward(minutes=11)
    assert book.fill([day], lambda _day: Told(Figures(conversations=1))) == 1


def test_of_two_processes_one_counts_a_day(store: Store, clock: StoppedClock) -> None:
    one, other = (DayBook(store, clock, "Europe/Paris") for _ in range(2))
    seen: list[int] = []

    def count(_day: date) -> Day:
        seen.append(other.fill([TODAY], lambda _day: Told()))
        return Told(Figures(conversations=3))

    assert one.fill([TODAY], count) == 1

    assert seen == [0]
    assert one.fill([TODAY], count) == 0
    assert other.read(TODAY, TODAY)[TODAY].figures.conversations == 3


def test_a_count_that_was_broken_off_is_begun_again(store: Store, clock: StoppedClock) -> None:
    book = DayBook(store, clock, "Europe/Paris")

    def break_off(_day: date) -> Day:
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        book.fill([TODAY], break_off)
    assert book.fill([TODAY], lambda _day: Told()) == 0

    clock.forward(minutes=11)
    assert book.fill([TODAY], lambda _day: Told()) == 1


def test_another_time_zone_has_days_of_its_own(store: Store, ask: Ask, clock: StoppedClock) -> None:
    ask(at=datetime(2026, 11, 10, 23, 30, tzinfo=UTC))  # the 11th in Paris, the 11th in Kolkata, the 10th in Lima
    found = []
    for timezone in ("Europe/Paris", "America/Lima", "Asia/Kolkata"):
        summary = Summary(store, clock, timezone)
        before = summary.last(30)
        summary.prepare()
        assert summary.last(30) == before
        found += list(before.days)

    assert found == [date(2026, 11, 11), date(2026, 11, 10), date(2026, 11, 11)]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
def test_the_book_keeps_days_with_other_lengths(
    store: Store, ask: Ask, clock: StoppedClock, day: date, hours: int
) -> None:
    summary = Summary(store, clock, "Europe/Paris")
    clock.stand_at(datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=3))
    begin, end = summary.bounds(day)
    for hour in range(-1, hours + 1):
        ask(at=begin + timedelta(hours=hour, minutes=30))
    before = summary.last(7)

    summary.prepare()

    assert summary.last(7) == before
    assert before.days[day] == hours == (end - begin).total_seconds() / 3600


def test_erased_texts_change_no_figure(summary: Summary, ask: Ask, store: Store, clock: StoppedClock) -> None:
    _busy_month(ask, clock)
    before = summary.last(90)
    with store.write() as connection:
        connection.execute(update(turns).values(WITHOUT_WORDS))

    assert summary.last(90) == before
    summary.prepare()
    assert summary.last(90) == before


def test_what_another_version_kept_is_counted_again(
    summary: Summary, ask: Ask, store: Store, clock: StoppedClock
) -> None:
    ask(at=clock.now() - timedelta(days=20))
    summary.prepare()
    with store.write() as connection:
        connection.execute(update(day_figures).values(figures={"counted": {"questions": 7}}))
    assert summary.last(90).questions == 1

    Summary(store, clock, "Europe/Paris").prepare()

    with store.read() as connection:
        assert all("conversations" in kept["counted"] for kept in connection.scalars(select(day_figures.c.figures)))


def test_the_book_can_be_written_anew(summary: Summary, ask: Ask, store: Store, clock: StoppedClock) -> None:
    ask(at=clock.now() - timedelta(days=20))
    summary.prepare()
    with store.write() as connection:
        connection.execute(update(turns).values(cost_microusd=5))  # by hand, behind the app's back
    assert summary.last(90).cost_microusd == 0

    assert summary.rebuild() == 20  # since the first question

    assert summary.last(90).cost_microusd == 5


def test_all_there_ever_was_is_counted_also_what_came_since(summary: Summary, ask: Ask, clock: StoppedClock) -> None:
    ask("gpt", at=clock.now() - timedelta(days=400), input_tokens=100, output_tokens=10)
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

    both = summary.last(1) + summary.last(1) + Figures()

    assert (both.questions, both.cost_microusd, both.conversations) == (2, 10, 2)


CHARTS = (
    bars("id", "Titre <b>", "Dit & décrit", [Point(f"{n} nov.", n, str(n)) for n in range(30)]),
    bars("id", "Titre <b>", "Dit & décrit", [Point("1 nov.", 0, "0")]),
    bars("id", "Titre <b>", "Dit & décrit", []),
    money_line(
        "id", "Titre <b>", "Dit & décrit", [Point("1", 3e6, "3 $"), Point("2", 9e6, "9 $")], 30, Point("B", 5e6, "5")
    ),
    money_line("id", "Titre <b>", "Dit & décrit", [Point("1", 0, "0 $")], 30, Point("B", 0, "0")),
    money_line("id", "Titre <b>", "Dit & décrit", [], 30, Point("B", 20e6, "20")),
)


@pytest.mark.parametrize("drawing", CHARTS)
def test_a_chart_is_whole_says_what_it_shows_and_stays_in_its_frame(drawing: str) -> None:
    svg = ET.fromstring(drawing)

    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"] == "id-title id-description"
    assert [svg.findtext("title"), svg.findtext("desc")] == ["Titre <b>", "Dit & décrit"]
    assert "style=" not in drawing  # the policy of the pages forbids it
    percents = [float(number) for number in re.findall(r'"(-?[\d.]+)%"', drawing)]
    assert all(0 <= number <= 100 for number in percents)
    heights = [float(number) for number in re.findall(r' (?:y|y1|y2|cy)="(-?[\d.]+)"', drawing)]
    assert all(0 <= number <= float(svg.attrib["height"]) for number in heights)


def test_a_bar_is_as_high_as_its_share_of_the_highest_and_says_its_value() -> None:
    svg = ET.fromstring(bars("id", "t", "d", [Point("a", 1, "un"), Point("b", 2, "deux"), Point("c", 0, "zéro")]))

    low, high, none = (float(rect.attrib["height"]) for rect in svg.iter("rect"))
    assert high == pytest.approx(2 * low)
    assert none == 1
    assert [title.text for title in svg.iter("title")] == ["t", "a : un", "b : deux", "c : zéro"]


def test_a_share_never_leaves_its_cell() -> None:
    assert 'width="100%"' in share_bar(7)
    assert 'width="0%"' in share_bar(-1)
