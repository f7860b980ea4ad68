"""What was refused, by whom without knowing who, when, and what the night watch has told of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from okichat.monitoring.alert_book import Alert
from okichat.monitoring.alert_post import AlertPost
from okichat.monitoring.charts import Point, bars
from okichat.monitoring.episodes import TRAFFIC_WEEKS
from okichat.monitoring.security_figures import ALARMING, SecurityFigures, Span, security_figures
from okichat.monitoring.security_log import KINDS
from okichat.monitoring.summary import PREPARED_DAYS
from okichat.web.admin import wording
from okichat.web.admin.chart import Chart, counted_point
from okichat.web.admin.periods import PERIODS, asked_period
from okichat.web.admin.room import blueprint, screen
from okichat.web.locale import page_locale
from okichat.web.parts import Parts, current_parts

_HOUR = timedelta(hours=1)
_DAYS_OF_WEEKS = min(days for days in PREPARED_DAYS if days > TRAFFIC_WEEKS * 7)


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """Something the night watch has told of. `ended_at` is None while it goes on."""

    text: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SecurityView:
    """dashboard/security.html.

    kinds     what happened and how often, also what did not
    visitors  anonymous name, when it was last, how often, and what in words
    """

    days: int
    figures: SecurityFigures
    episodes: list[EpisodeView]
    kinds: list[tuple[str, int]]
    visitors: list[tuple[str, datetime, int, str]]
    charts: list[Chart]


@blueprint.get("/security")
def security() -> str:
    """Today, or the last 7, 30 or 90 days."""
    parts = current_parts()
    return screen("dashboard/security.html", "security", view=_view(parts, asked_period()), periods=PERIODS)


def _view(parts: Parts, days: int) -> SecurityView:
    spans = _spans(parts, days)
    figures = security_figures(parts.store, spans)
    post = AlertPost(replace(parts.settings, locale=page_locale()), (), parts.sentences)
    told = [
        EpisodeView(post.letter(Alert(kind, "", began_at, facts)).text, began_at, ended_at)
        for kind, began_at, ended_at, facts in parts.episodes.since(spans[0][0])
    ]
    kinds = figures.kinds
    return SecurityView(
        days=days,
        figures=figures,
        episodes=told,
        kinds=[(kind, kinds[kind]) for kind in KINDS],
        visitors=[(each.name, each.last_at, each.kinds.total(), _in_words(each.kinds)) for each in figures.worst],
        charts=[_refusals_chart(parts, figures, days), _traffic_chart(parts, days)],
    )


def _spans(parts: Parts, days: int) -> list[Span]:
    """The hours of today, or the days."""
    spans = [parts.summary.bounds(day) for day in parts.summary.days(days)]
    if days > 1:
        return spans
    [(midnight, end)] = spans
    begins = [midnight + hour * _HOUR for hour in range(25)]
    return [(begin, min(begin + _HOUR, end)) for begin in begins if begin < end]


def _refusals_chart(parts: Parts, figures: SecurityFigures, days: int) -> Chart:
    zone = ZoneInfo(parts.settings.timezone)
    begun = [(begin.astimezone(zone), kinds) for (begin, _), kinds in figures.by_span.items()]
    if days == 1:
        counted = {gettext("admin.hour", hour=hour): Counter[str]() for hour in range(24)}
        for begin, kinds in begun:  # when the clocks go back, an hour comes twice
            counted[gettext("admin.hour", hour=begin.hour)].update(kinds)
        title, first = gettext("admin.security.chart.hours"), gettext("admin.chart.hour")
    else:
        counted = {wording.day(begin.date()): kinds for begin, kinds in begun}
        title, first = gettext("admin.security.chart.days", days=days), gettext("admin.chart.day")
    points = [counted_point(name, sum(kinds[kind] for kind in ALARMING)) for name, kinds in counted.items()]
    most = max(points, key=lambda point: point.value)
    told = gettext("admin.chart.best", count=_alarming(figures), most=most.text, name=most.name)
    description = told if figures.alarming else gettext("admin.security.chart.none")
    rows = [(point.name, point.text, _in_words(counted[point.name])) for point in points if counted[point.name].total()]
    columns = (first, gettext("admin.security.times"), gettext("admin.security.what"))
    return Chart(title, bars("refusals", title, description, points), columns, rows)


def _traffic_chart(parts: Parts, days: int) -> Chart:
    """Today each hour beside what is usual for it; of several days the busiest hour of each."""
    if days > 1:
        return _busiest_hours_chart(parts, days)
    today = parts.summary.today
    weeks = [today - timedelta(weeks=week) for week in range(TRAFFIC_WEEKS, -1, -1)]
    hours = parts.summary.hours(_DAYS_OF_WEEKS)
    points = [counted_point(gettext("admin.hour", hour=hour), hours[today][hour]) for hour in range(24)]
    first_day = parts.summary.first_day()
    before = [day for day in weeks[:-1] if day >= first_day]
    usual = [sum(hours[day][hour] for day in before) / len(before) if before else None for hour in range(24)]
    title = gettext("admin.security.traffic.today")
    rows = [
        (point.name, point.text, "–" if mean is None else wording.number(mean))
        for point, mean in zip(points, usual, strict=True)
        if point.value or mean
    ]
    columns = (gettext("admin.chart.hour"), gettext("admin.chart.questions"), gettext("admin.security.usual"))
    return Chart(title, bars("traffic", title, _told_of_traffic(points), points), columns, rows, amounts=2)


def _busiest_hours_chart(parts: Parts, days: int) -> Chart:
    found = parts.summary.hours(days)
    busiest = {day: hours.most_common(1)[0] if hours else (0, 0) for day, hours in found.items()}
    points = [counted_point(wording.day(day), count) for day, (_, count) in busiest.items()]
    title = gettext("admin.security.traffic.days")
    rows = [
        (point.name, point.text, gettext("admin.hour", hour=hour))
        for point, (hour, _) in zip(points, busiest.values(), strict=True)
        if point.value
    ]
    columns = (gettext("admin.chart.day"), gettext("admin.chart.questions"), gettext("admin.chart.hour"))
    return Chart(title, bars("traffic", title, _told_of_traffic(points), points), columns, rows, amounts=2)


def _told_of_traffic(points: list[Point]) -> str:
    most = max(points, key=lambda point: point.value)
    if not most.value:
        return str(gettext("admin.chart.none"))
    return str(gettext("admin.security.traffic.most", most=most.text, name=most.name))


def _alarming(figures: SecurityFigures) -> str:
    return wording.counted(figures.alarming, "refusals")


def _in_words(kinds: Counter[str]) -> str:
    """E.g. "Limite atteinte : 3, Envois d'un autre site : 1"."""
    counted = [(gettext(f"admin.security.kind.{kind}"), kinds[kind]) for kind in KINDS if kinds[kind]]
    return ", ".join(gettext("admin.security.kind_times", kind=kind, times=times) for kind, times in counted)
