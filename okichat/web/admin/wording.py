"""Figures and times as the owner reads them, in the language of the page."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint
from flask_babel import format_date, format_datetime, format_decimal, format_percent, gettext

from okichat.conversations.reference import short_reference
from okichat.web.locale import page_locale
from okichat.web.visible import visible

_LEAST_SHOWN_S = 0.1


def teach(blueprint: Blueprint) -> None:
    """Give templates these words as filters."""
    for filter in (dollars, number, percent, seconds, day, moment, counted, rung, reason, flag):
        blueprint.add_app_template_filter(filter, f"in_words_{filter.__name__}")
    blueprint.add_app_template_filter(_shown, "visible")
    blueprint.add_app_template_filter(short_reference, "short_reference")


def dollars(microusd: float | None) -> str:
    """Millionths of a dollar as dollars: to the cent, below a cent to its hundredth."""
    if microusd is None:
        return "–"
    amount = microusd / 1_000_000
    shown = format_decimal(amount, "#,##0.0000" if 0 < abs(amount) < 0.01 else "#,##0.00")
    return f"{shown}\N{NO-BREAK SPACE}$" if page_locale() == "fr" else f"${shown}"


def number(value: float) -> str:
    """A count with its thousands apart."""
    return str(format_decimal(value, "#,##0.##"))


def percent(share: float) -> str:
    """A share of 1 in whole percent."""
    return str(format_percent(share))


def seconds(value: float | None) -> str:
    """How long something took."""
    if value is None:
        return "–"
    shown = "< 0.1" if value < _LEAST_SHOWN_S else format_decimal(value, "#,##0.0")
    return f"{shown.replace('.', ',') if page_locale() == 'fr' else shown}\N{NO-BREAK SPACE}s"


def day(value: date) -> str:
    """A day of this year."""
    return str(format_date(value, "d MMM"))


def moment(value: datetime) -> str:
    """A day and a time, in the firm's time zone."""
    return str(format_datetime(value, "d MMM yyyy, HH:mm"))


def counted(count: int, what: str) -> str:
    """So many of something, e.g. `3|in_words_counted("questions")`."""
    form = {0: "none", 1: "one"}.get(count, "many")
    return str(gettext(f"admin.count.{what}.{form}", count=number(count)))


def rung(name: str) -> str:
    """Who answered."""
    return _said(f"admin.rung.{name}", name)


def reason(word: str) -> str:
    """Why a source did not answer; the stable word itself where there is no sentence for it."""
    if word.startswith("paused_"):
        return str(gettext("admin.paused", reason=reason(word.removeprefix("paused_"))))
    return _said(f"admin.reason.{word}", word)


def flag(word: str) -> str:
    """What the guard has noticed; the stable word itself where there is no sentence for it."""
    return _said(f"admin.flag.{word}", word)


def _said(key: str, otherwise: str) -> str:
    sentence = str(gettext(key))
    return otherwise if sentence == key else sentence


def _shown(text: str | None) -> str:
    return visible(text or "")
