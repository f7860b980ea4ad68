"""The book of days: what it keeps of each is what a count of the turns says, whoever counts, whatever comes late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.monitoring.day import Day
from okichat.monitoring.day_book import DayBook
from okichat.monitoring.figures import Figures
from okichat.monitoring.summary import Summary
from okichat.monitoring.topic_use import TopicUse
from okichat.storage.engine import Store
from okichat.storage.tables import WITHOUT_WORDS, day_figures, turns
from tests.doubles.clock import StoppedClock
from tests.monitoring.made_up_turns import TODAY, Ask, busy_month
from tests.storage.statements import statements_of


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """What is said to the database from now on."""
    with statements_of(store) as said:
        yield said


@dataclass(frozen=True)
class Told:
    """A day of which somebody says what happened."""

    figures: Figures = field(default_factory=Figures)
    topics: dict[tuple[str, str], TopicUse] = field(default_factory=dict)
    spent_microusd: dict[str, int] = field(default_factory=dict)


def test_the_book_of_days_says_what_a_count_of_the_turns_says(
    store: Store, ask: Ask, clock: StoppedClock, statements: list[str]
) -> None:
    busy_month(ask, clock)
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
    busy_month(ask, clock)
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
