"""What is refused is counted by anonymous visitor, and neither a flood nor a store that is away costs anything."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Row, insert, select

from okichat.monitoring.security_figures import ALARMING, MOST_VISITORS, security_figures
from okichat.monitoring.security_log import KINDS, RATE_LIMIT, REFUSAL, SPAM, SecurityLog
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import security_events
from tests.doubles.clock import StoppedClock

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


@pytest.fixture
def log(store: Store, clock: StoppedClock) -> SecurityLog:
    return SecurityLog(store, clock)


def rows(store: Store) -> list[Row[Any]]:
    with store.read() as connection:
        return list(connection.execute(select(security_events).order_by(security_events.c.at)).all())


def test_the_same_thing_within_a_minute_is_counted_in_one_row(
    log: SecurityLog, store: Store, clock: StoppedClock
) -> None:
    for _ in range(3):
        log.note(RATE_LIMIT, "a", "too_many")
    log.note(RATE_LIMIT, "b", "too_many")
    log.note(REFUSAL, "a", "empty")
    clock.forward(minutes=1)
    log.note(RATE_LIMIT, "a", "too_many")

    found = sorted((row.kind, row.visitor, row.times) for row in rows(store))

    assert found == [("rate_limit", "a", 1), ("rate_limit", "a", 3), ("rate_limit", "b", 1), ("refusal", "a", 1)]


def test_a_flood_writes_few_rows_and_every_refusal_is_counted(log: SecurityLog, store: Store) -> None:
    for number in range(20_000):
        log.note(RATE_LIMIT, f"visitor{number % 500}", "too_many")
    log.put_counts()

    found = rows(store)

    assert len(found) <= 60 + len(KINDS)
    assert sum(row.times for row in found) == 20_000


def test_what_was_only_counted_is_written_once_the_minute_is_over(
    log: SecurityLog, store: Store, clock: StoppedClock
) -> None:
    for _ in range(1000):
        log.note(SPAM, "a", "links")
    clock.forward(minutes=1)
    log.note(SPAM, "b", "links")

    assert [row.times for row in rows(store) if row.visitor == "a"] == [1000]


def test_a_store_that_is_away_is_no_matter_for_the_visitor(tmp_path: Path, clock: StoppedClock) -> None:
    away = Store(f"sqlite:///{tmp_path}")  # a folder
    lost: list[Exception] = []
    away.tell_losses(lost.append)

    SecurityLog(away, clock).note(SPAM, "a")
    away.write_now()

    assert lost


def test_what_the_guard_has_noticed_is_counted_by_kind_save_wishes_for_other_work(
    log: SecurityLog, store: Store
) -> None:
    log.note_question(Question("?", visitor="a", flags=("injection", "other_work", "personal_data", "links")))
    log.note_question(Question("?", visitor="a"))

    assert {(row.kind, row.detail) for row in rows(store)} == {
        ("injection", None),
        ("personal_data", None),
        ("spam", "links"),
    }


def test_figures_are_by_kind_by_span_and_by_visitor(log: SecurityLog, store: Store, clock: StoppedClock) -> None:
    midnight = clock.now().replace(hour=0, minute=0)
    hours = [(midnight + hour * HOUR, midnight + (hour + 1) * HOUR) for hour in range(24)]
    for _ in range(3):
        log.note(SPAM, "a", "links")
    log.note("personal_data", "c")
    clock.forward(hours=2)
    log.note(RATE_LIMIT, "a", "too_many")
    log.note(RATE_LIMIT, "b", "too_many")

    figures = security_figures(store, hours)

    assert figures.kinds == {SPAM: 3, RATE_LIMIT: 2, "personal_data": 1}
    assert (figures.alarming, figures.visitors) == (5, 2)
    assert list(figures.by_span) == hours
    assert {begin.hour: kinds for (begin, _), kinds in figures.by_span.items() if kinds} == {
        9: {SPAM: 3, "personal_data": 1},
        11: {RATE_LIMIT: 2},
    }
    assert [(each.name, dict(each.kinds), each.last_at) for each in figures.worst] == [
        ("a", {SPAM: 3, RATE_LIMIT: 1}, clock.now()),
        ("b", {RATE_LIMIT: 1}, clock.now()),
    ]
    assert security_figures(store, [(clock.now(), clock.now() + HOUR)]).kinds == {RATE_LIMIT: 2}
    assert security_figures(store, [(midnight, clock.now())]).kinds == {SPAM: 3, "personal_data": 1}
    assert "personal_data" not in ALARMING


def test_the_figures_are_what_a_count_of_every_row_gives(store: Store) -> None:
    made_up = random.Random(7)
    first = datetime(2026, 10, 20, tzinfo=PARIS)  # the clocks go back on the 25th
    midnights = [datetime.combine(first.date() + timedelta(days=day), time(), PARIS) for day in range(12)]
    events: list[dict[str, Any]] = [
        {
            "id": str(number),
            "at": midnights[0].astimezone(UTC) + timedelta(minutes=made_up.randrange(-2_000, 18_000)),
            "kind": made_up.choice(KINDS),
            "visitor": made_up.choice([None, *(f"v{visitor:02}" for visitor in range(25))]),
            "detail": None,
            "times": made_up.randint(1, 9),
        }
        for number in range(900)
    ]
    with store.write() as connection:
        connection.execute(insert(security_events), events)

    figures = security_figures(store, list(pairwise(midnights)))

    within = [event for event in events if midnights[0] <= event["at"] < midnights[-1]]
    by_day = {midnight.date(): Counter[str]() for midnight in midnights[:-1]}
    by_visitor: dict[str, Counter[str]] = {}
    for event in within:
        by_day[event["at"].astimezone(PARIS).date()][event["kind"]] += event["times"]
        if event["visitor"] and event["kind"] in ALARMING:
            by_visitor.setdefault(event["visitor"], Counter())[event["kind"]] += event["times"]
    worst = sorted(by_visitor, key=lambda name: (-by_visitor[name].total(), name))[:MOST_VISITORS]
    assert 0 < len(within) < len(events)
    assert {begin.date(): kinds for (begin, _), kinds in figures.by_span.items()} == by_day
    assert figures.visitors == len(by_visitor)
    assert [(each.name, each.kinds, each.last_at) for each in figures.worst] == [
        (
            name,
            by_visitor[name],
            max(event["at"] for event in within if event["visitor"] == name and event["kind"] in ALARMING),
        )
        for name in worst
    ]


def test_of_many_visitors_the_worst_are_named(log: SecurityLog, store: Store, clock: StoppedClock) -> None:
    for number in range(MOST_VISITORS + 5):
        for _ in range(number + 1):
            log.note(SPAM, f"v{number:02}")
    log.put_counts()

    figures = security_figures(store, [(clock.now(), clock.now() + HOUR)])

    assert figures.visitors == MOST_VISITORS + 5
    assert [each.name for each in figures.worst][:2] == [f"v{MOST_VISITORS + 4:02}", f"v{MOST_VISITORS + 3:02}"]
    assert len(figures.worst) == MOST_VISITORS
