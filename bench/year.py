"""`make simulate`: a year of visitors in less than an hour, against the whole app with a moved clock and the loopback model.

Usage: python bench/year.py [--days 365] [--questions 30000] [--budget 1] [--seed 1] [--write docs/scale.md]
The store is a new SQLite file, or the empty database of DATABASE_URL. Ends with 1 where a promise does not hold
(bench/promises.py); bench/visits.py makes the visitors up."""

from __future__ import annotations

import argparse
import heapq
import logging
import os
import platform
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.dashboard import PASSWORD
from bench.promises import Bill, MonthEnd, bill, close_month, close_year
from bench.visitors import Step, Visitors
from bench.visits import TIMEZONE, Year
from bench.year_figures import Figures, memory_mb, screens_ms, sizes
from okichat.money.month import next_month_begins
from okichat.monitoring.digest import Week
from okichat.monitoring.journal import Fact
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import MODELS, OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.site import Site

FIRST_DAY = datetime(2026, 1, 1, tzinfo=TIMEZONE)
MODEL = MODELS[1]  # the dearer one, so that months run out of money
_AT_ONCE = 4
_TOGETHER = timedelta(minutes=5)  # who comes within that comes at once
_ROUND = timedelta(hours=4)
_MORNING = timedelta(hours=12)  # after the last month, so that a digest that is due has gone out
_OUTAGE, _SILENCE = (10, range(13, 15)), (5, range(10, 12))  # on that day of a month, at those hours (UTC)
_DEFECTS = ("_crashed", "_unavailable", "_not_sent", "_not_delivered")
_MARKS = re.compile(r"(?<=<!-- year -->\n).*?(?=<!-- /year -->)", re.DOTALL)


class Replay:
    """One year, moment by moment."""

    def __init__(self, site: Site, clock: StoppedClock, model: OpenAIServer) -> None:
        self._site, self._clock, self._model = site, clock, model
        self.visitors = Visitors(site.app)
        self.months: list[MonthEnd] = []
        self.delivered = self.digests_due = 0
        self._known = self._unknown = 0
        self._defects: Counter[str] = Counter()
        self._weather = "fair"
        self._week: Week | None = None
        self._next_round = self._month_end = clock.now()
        # What an app does beside its visitors is done between them, so that the clock moves for all at the same time.
        site.parts.delivery.in_place_of_thread = site.parts.upkeep.hurry
        site.parts.upkeep.do_start()
        site.parts.journal.listen(self._hear)

    def broken(self) -> Iterator[str]:
        """What was broken in all of the time."""
        for month in self.months:
            yield from month.broken
        yield from self.visitors.broken()
        if self._defects:
            yield f"the journal tells of {', '.join(f'{count} × {name}' for name, count in self._defects.items())}"

    def run(self, year: Year, end: datetime) -> Iterator[str]:
        """Live through it, and past its end to the next month; gives a line for each month."""
        month = self._clock.now().astimezone(TIMEZONE).strftime("%Y-%m")
        self._month_end = next_month_begins(month, str(TIMEZONE))
        waiting = [Step(visit.at, number, visit) for number, visit in enumerate(year.visits())]
        heapq.heapify(waiting)
        while waiting:
            yield from self._pass_time(waiting[0].at)
            together = [heapq.heappop(waiting)]
            while waiting and waiting[0].at - together[0].at < _TOGETHER and len(together) < _AT_ONCE:
                together.append(heapq.heappop(waiting))
            self._set_weather()
            for step in self.visitors.come(together, _AT_ONCE):
                heapq.heappush(waiting, step)
            self._site.parts.upkeep.catch_up()
        yield from self._pass_time(max(end, self._month_end) + _MORNING)

    def _pass_time(self, until: datetime) -> Iterator[str]:
        """Let the clock stand at the next moments that matter, up to `until`."""
        while (moment := min(self._next_round, self._month_end)) <= until:
            self._clock.stand_at(max(moment, self._clock.now()))
            self._do_round()
            if moment == self._month_end:
                yield self._close_month()
            else:
                self._next_round = moment + _ROUND
        self._clock.stand_at(max(until, self._clock.now()))

    def _do_round(self) -> None:
        self._site.parts.upkeep.do_round()
        self.delivered += self._site.parts.delivery.deliver_due()
        if (week := self._site.parts.digest.last_week) != self._week:
            self.digests_due += self._week is not None  # the first one was over before the first visitor came
            self._week = week

    def _hear(self, name: str, facts: dict[str, Fact]) -> None:
        if name.endswith(_DEFECTS):
            self._defects[name] += 1

    def _set_weather(self) -> None:
        """The model's host is down for two hours a month, and for two others does not say what it has used."""
        now = self._clock.now()
        today = {"down": _OUTAGE, "silent": _SILENCE}
        weather = next((name for name, (day, hours) in today.items() if now.day == day and now.hour in hours), "fair")
        if weather == self._weather:
            return
        self._read_meter()
        self._weather = weather
        if weather == "down":
            self._model.always_fail("status_500_bare")
        else:
            self._model.always_reply(**({"usage": None} if weather == "silent" else {}))

    def _read_meter(self) -> None:
        cost = bill(self._site.parts, self._model.requests)
        self._model.forget_requests()
        if self._weather == "silent":
            self._unknown += cost
        else:
            self._known += cost

    def _close_month(self) -> str:
        self._read_meter()
        end = self._month_end
        month = (end - timedelta(hours=12)).astimezone(TIMEZONE).strftime("%Y-%m")
        begin = datetime.fromisoformat(f"{month}-01").replace(tzinfo=TIMEZONE).astimezone(UTC)
        found = close_month(self._site.parts, month, begin, end, Bill(self._known, self._unknown))
        self.months.append(found)
        self._known = self._unknown = 0
        self._month_end = next_month_begins(end.astimezone(TIMEZONE).strftime("%Y-%m"), str(TIMEZONE))
        rungs = ", ".join(f"{rung} {count}" for rung, count in sorted(found.rungs.items()))
        return f"{month}: {rungs}; {found.spent_microusd / 1e6:.2f} dollars; {'; '.join(found.broken) or 'all held'}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to simulate: from midnight of the first day in TIMEZONE, to the end of the last day's month."""

    first: datetime = FIRST_DAY
    days: int = 365
    questions: int = 30_000
    budget_usd: float = 1.0
    seed: int = 1


def simulate(url: str, plan: Plan) -> Figures:
    """All of it on the empty database at `url`; prints a line for each month."""
    begun_s, worked_before_s = time.monotonic(), time.process_time()
    clock = StoppedClock(plan.first.astimezone(UTC))
    with ExitStack() as servers:
        model, webhook = servers.enter_context(OpenAIServer()), servers.enter_context(WebhookHost())
        site = Site(
            {
                "DATABASE_URL": url,
                "OPENAI_API_KEY": "sk-simulated",
                "OPENAI_BASE_URL": model.base_url,
                "OPENAI_MODEL": MODEL,
                "OKICHAT_BUDGET_USD": str(plan.budget_usd),
                "OKICHAT_ALERT_WEBHOOK": webhook.url,
                "OKICHAT_ADMIN_PASSWORD": PASSWORD,
            },
            clock,
        )
        servers.callback(site.close)
        replay = Replay(site, clock, model)
        memory_before = memory_mb()
        year = Year(plan.first, plan.days, plan.questions, plan.seed)
        for line in replay.run(year, (plan.first + timedelta(days=plan.days)).astimezone(UTC)):
            print(line, flush=True)
        memory_after = memory_mb()
        broken = [*replay.broken()]
        broken += close_year(site.parts, len(webhook.posts), replay.delivered, replay.digests_due)
        return Figures(
            days=plan.days,
            took_s=time.monotonic() - begun_s,
            worked_s=time.process_time() - worked_before_s,
            engine="SQLite" if site.parts.store.is_sqlite else "Postgres",
            budget_usd=plan.budget_usd,
            months=replay.months,
            statuses=replay.visitors.statuses,
            letters=len(webhook.posts),
            digests=replay.digests_due,
            memory_mb=(memory_before, memory_after),
            sizes=sizes(site.parts.store),
            screens_ms=screens_ms(site),
            broken=broken,
        )


def main() -> int:
    """Simulate, print, and write where that is wanted."""
    arguments = argparse.ArgumentParser(description="A year of visitors in less than an hour")
    arguments.add_argument("--days", type=int, default=Plan.days)
    arguments.add_argument("--questions", type=int, default=Plan.questions)
    arguments.add_argument(
        "--budget", type=float, default=Plan.budget_usd, help="dollars a month (default: %(default)s)"
    )
    arguments.add_argument("--seed", type=int, default=Plan.seed)
    arguments.add_argument("--write", type=Path, help="a document with the marks of this table")
    wanted = arguments.parse_args()
    logging.getLogger("okichat").setLevel(logging.CRITICAL)  # what matters of it is counted
    with tempfile.TemporaryDirectory(prefix="okichat-year-") as folder:
        url = os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/okichat.db"
        plan = Plan(days=wanted.days, questions=wanted.questions, budget_usd=wanted.budget, seed=wanted.seed)
        figures = simulate(url, plan)
    table = "\n".join(figures.lines(f"Python {platform.python_version()}, {os.cpu_count()} processors"))
    print(table)
    if wanted.write:
        text = wanted.write.read_text("utf-8")
        wanted.write.write_text(_MARKS.sub(lambda _: f"\n{table}\n\n", text), "utf-8")
    return int(bool(figures.broken))


if __name__ == "__main__":
    sys.exit(main())
