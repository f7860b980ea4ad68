"""A small part of `make simulate`: the same visitors, the same promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from bench.promises import Bill, close_month, close_year
from bench.visits import PEAK_TIMES, TIMEZONE, Visit, Year
from bench.year import FIRST_DAY, Plan, simulate
from bench.year_figures import Figures
from okichat.storage.tables import alerts, balances, security_events, turns
from tests.doubles.clock import StoppedClock
from tests.site import Site

PLAN = Plan(first=FIRST_DAY + timedelta(days=15), days=16, questions=160, budget_usd=0.03)
NOTHING_BILLED = Bill(0, 0)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return simulate(f"sqlite:///{tmp_path_factory.mktemp('year')}/okichat.db", PLAN)


@pytest.fixture
def year_site(open_site: Callable[..., Site]) -> Site:
    return open_site(StoppedClock(datetime(2026, 3, 1, 9, tzinfo=UTC)), OKICHAT_BUDGET_USD="2")


def broken_promises(site: Site, billed: Bill = NOTHING_BILLED) -> str:
    begin = datetime(2026, 2, 1, tzinfo=TIMEZONE).astimezone(UTC)
    end = datetime(2026, 3, 1, tzinfo=TIMEZONE).astimezone(UTC)
    return "; ".join(close_month(site.parts, "2026-02", begin, end, billed).broken)


def test_a_month_that_runs_out_of_money_keeps_every_promise(figures: Figures) -> None:
    (month,) = figures.months

    assert figures.broken == []
    assert month.ran_out
    assert 0 < month.spent_microusd <= 30_000
    assert month.billed.known_microusd > 0
    assert month.rungs["gpt"] > 0
    assert month.rungs["local"] > 0


def test_the_simulation_has_visitors_of_every_kind(figures: Figures) -> None:
    (month,) = figures.months

    assert month.rungs.total() >= PLAN.questions
    assert set(figures.statuses) == {200, 303, 429}
    assert figures.digests == 2
    assert figures.letters > figures.digests


def test_its_report_is_told_as_a_table(figures: Figures) -> None:
    report = "\n".join(figures.lines("somewhere"))

    assert "| 2026-01 |" in report
    assert "| `turns` |" in report
    assert "| today |" in report
    assert report.endswith("Promises that did not hold: none.")


def test_a_peak_has_a_hundred_times_the_questions_of_an_average_hour() -> None:
    visits = Year(FIRST_DAY, 30, 720, seed=1).visits()

    busiest = max(_asked_within_an_hour(visits, visit.at) for visit in visits)

    assert PEAK_TIMES <= busiest <= 1.3 * PEAK_TIMES
    assert visits == Year(FIRST_DAY, 30, 720, seed=1).visits()


def test_money_beyond_the_budget_is_noticed(year_site: Site) -> None:
    with year_site.parts.store.write() as connection:
        row = {"month": "2026-02", "spent_microusd": 2_000_001, "reserved_microusd": 5}
        connection.execute(insert(balances), row)

    broken = broken_promises(year_site, replace(NOTHING_BILLED, known_microusd=7, unknown_microusd=9))

    assert "2000001 microdollars spent of 2000000" in broken
    assert "5 microdollars are still reserved" in broken
    assert "the host bills 7 microdollars for reported usage, the ledger has 0" in broken
    assert "the host bills 9 microdollars for unreported usage" in broken
    assert "the ledger adds up to 0 microdollars spent" in broken
    assert "alerts of the budget: {}, due were {'budget_50': 1, 'budget_80': 1, 'budget_100': 1}" in broken


def test_what_should_be_forgotten_is_noticed(year_site: Site) -> None:
    old = year_site.parts.clock.now() - timedelta(days=31)
    turn = {"id": "1" * 16, "conversation": "2" * 32, "asked_at": old, "language": "fr", "question": "Quels tarifs ?"}
    events = [{"id": f"{number}", "at": old, "kind": "spam", "visitor": "v", "times": 1} for number in range(2)]
    with year_site.parts.store.write() as connection:
        connection.execute(insert(turns), turn)
        connection.execute(insert(security_events), events)

    broken = broken_promises(year_site)

    assert "1 texts are older than the retention" in broken
    assert "2 security events still name visitors" in broken
    assert "1 hours of security events are not condensed" in broken
    year_site.parts.retention.purge()
    assert broken_promises(year_site) == ""


def test_letters_that_did_not_go_out_or_went_out_twice_are_noticed(year_site: Site) -> None:
    now = year_site.parts.clock.now()
    due = {"subject": "", "raised_at": now, "facts": {}, "tries": 0, "next_try_at": now}
    with year_site.parts.store.write() as connection:
        connection.execute(insert(alerts), {"kind": "digest", "period": "2026-W08", "state": "sent", **due})
        connection.execute(insert(alerts), {"kind": "budget_50", "period": "2026-02", "state": "new", **due})

    assert list(close_year(year_site.parts, posted=2, delivered=0, digests=2)) == [
        "1 alerts were not sent",
        "1 alerts and 0 messages went out as 2 letters",
        "1 digests of 1 weeks, 2 were due",
    ]


def _asked_within_an_hour(visits: list[Visit], begin: datetime) -> int:
    then = (visit for visit in visits if begin <= visit.at < begin + timedelta(hours=1) and visit.pause_s)
    return sum(len(visit.questions) for visit in then)
