"""The first screen: how it goes, in a sentence; what needs a hand; figures; charts."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from flask import render_template, request
from flask_babel import gettext
from markupsafe import Markup

from okichat.answer import RUNGS
from okichat.health.state import State
from okichat.money.month import MonthSummary
from okichat.monitoring.alert_post import AlertPost
from okichat.monitoring.charts import Point, bars, money_line, share_bar
from okichat.monitoring.episodes import EPISODES
from okichat.monitoring.figures import UNFINISHED, Figures
from okichat.web.admin import wording
from okichat.web.admin.chart import Chart, counted_point
from okichat.web.admin.periods import PERIODS, asked_period
from okichat.web.admin.room import address, blueprint, screen
from okichat.web.htmx import is_htmx
from okichat.web.locale import page_locale
from okichat.web.parts import Parts, current_parts

_NO_HURRY = ("budget_50", "budget_80", "off_topic_burst", "traffic_peak")
SHOWN_RUNGS = (*RUNGS, UNFINISHED)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a hand: a sentence, and where to do it."""

    text: str
    url: str | None = None
    action: str = ""
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class TodayView:
    """dashboard/today.html.

    days     the period, one of PERIODS; live  whether it refreshes itself
    rungs    who answered, how often, the share, and a bar for it
    reasons  why the model, or the knowledge, did not answer, and how often
    errors   what of that was an error of the model: its class and how often
    """

    days: int
    live: bool
    now: datetime
    figures: Figures
    month: MonthSummary
    gpt: State
    needs: list[Need]
    rungs: list[tuple[str, int, float, Markup]]
    reasons: list[tuple[str, str, int]]
    errors: list[tuple[str, int]]
    charts: list[Chart]


@blueprint.get("", strict_slashes=False)
def today() -> str:
    """Today, or the last 7, 30 or 90 days; for htmx only what refreshes itself."""
    parts = current_parts()
    view = _view(parts, asked_period())
    if is_htmx(request):
        return render_template("dashboard/_today.html", view=view, address=address, periods=PERIODS)
    return screen("dashboard/today.html", "today", view=view, periods=PERIODS)


def _view(parts: Parts, days: int) -> TodayView:
    figures, month, gpt = parts.summary.last(days), parts.budget.month(), parts.health.gpt_state_in_detail()
    reasons = sorted(figures.passes.items(), key=lambda item: -item[1])
    return TodayView(
        days=days,
        live=request.args.get("live") != "0",
        now=parts.clock.now(),
        figures=figures,
        month=month,
        gpt=gpt,
        needs=list(_needs(parts, month, gpt, figures if days == 1 else parts.summary.last(1))),
        rungs=[
            (rung, figures.rungs[rung], figures.share(rung), share_bar(figures.share(rung))) for rung in SHOWN_RUNGS
        ],
        reasons=[(source, reason, count) for (source, reason), count in reasons if source in ("gpt", "local")],
        errors=sorted(figures.errors.items(), key=lambda item: -item[1]),
        charts=[_questions_chart(parts, figures, days), _money_chart(parts, month)],
    )


def _needs(parts: Parts, month: MonthSummary, gpt: State, today: Figures) -> Iterator[Need]:
    """What the owner should look at, the most urgent first."""
    post = AlertPost(replace(parts.settings, locale=page_locale()), (), parts.sentences)
    for alert in parts.alerts.lasting(month.month):
        is_urgent = alert.kind not in _NO_HURRY
        if alert.kind in EPISODES:
            url, action = address("admin.security"), gettext("admin.need.look")
            yield Need(post.letter(alert).text, url, action, is_urgent)
        else:
            yield Need(post.letter(alert).text, is_urgent=is_urgent)
    if not gpt.works:
        yield Need(wording.local_mode(gpt))
    if unanswered := today.unanswered:
        url = address("admin.questions", rung="handoff", day=parts.summary.today.isoformat())
        yield Need(wording.counted(unanswered, "unanswered_today"), url, gettext("admin.need.read"))
    counts = parts.messages.counts()
    if waiting := counts["new"] + counts["delivered"]:
        yield Need(wording.counted(waiting, "messages"), address("admin.messages"), gettext("admin.need.reply"))
    if counts["new"] and not parts.delivery.has_channel:
        yield Need(gettext("admin.need.no_channel"), address("admin.health"), gettext("admin.need.how"))
    if month.ends_on and 100 not in month.crossed and month.spent_microusd < month.budget_microusd:
        yield Need(gettext("admin.need.ends_on", day=wording.day(month.ends_on)))


def _questions_chart(parts: Parts, figures: Figures, days: int) -> Chart:
    if days == 1:
        points = [counted_point(gettext("admin.hour", hour=hour), figures.hours[hour]) for hour in range(24)]
        title, first = gettext("admin.chart.hours"), gettext("admin.chart.hour")
    else:
        points = [counted_point(wording.day(day), figures.days[day]) for day in parts.summary.days(days)]
        title, first = gettext("admin.chart.days", days=days), gettext("admin.chart.day")
    best = max(points, key=lambda point: point.value)
    told = gettext(
        "admin.chart.best", count=wording.counted(figures.questions, "questions"), most=best.text, name=best.name
    )
    description = told if figures.questions else gettext("admin.chart.none")
    rows = [(point.name, point.text) for point in points if point.value or days > 1]
    return Chart(title, bars("questions", title, description, points), (first, gettext("admin.chart.questions")), rows)


def _money_chart(parts: Parts, month: MonthSummary) -> Chart:
    spent = parts.summary.spent_by_day(month.month)
    points = [Point(wording.day(day), amount, wording.dollars(amount)) for day, amount in spent.items()]
    first = date.fromisoformat(f"{month.month}-01")
    length = max(monthrange(first.year, first.month)[1], len(points))
    in_words = gettext("admin.chart.budget", budget=wording.dollars(month.budget_microusd))
    title = gettext("admin.chart.money")
    told = gettext(
        "admin.chart.spent", spent=wording.dollars(month.spent_microusd), budget=wording.dollars(month.budget_microusd)
    )
    budget = Point(in_words, month.budget_microusd, in_words)
    drawing = money_line("money", title, told, points, length, budget)
    rows = [(point.name, point.text) for point in points]
    return Chart(title, drawing, (gettext("admin.chart.day"), gettext("admin.chart.total")), rows)
