"""Figures and times as the owner reads them, in the language of the page."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint
from flask_babel import format_date, format_datetime, format_decimal, format_percent, gettext

from okichat.conversations.reference import short_reference
from okichat.health.state import State
from okichat.web.locale import page_locale
from okichat.web.visible import visible

_LEAST_SHOWN_S = 0.1
_LEAST_SHOWN_USD = 0.0001


def teach(blueprint: Blueprint) -> None:
    """Give templates these words as filters."""
    for filter in (
        dollars,
        number,
        percent,
        seconds,
        day,
        day_and_year,
        moment,
        counted,
        rung,
        reason,
        flag,
        local_mode,
    ):
        blueprint.add_app_template_filter(filter, f"in_words_{filter.__name__}")
    blueprint.add_app_template_filter(_shown, "visible")
    blueprint.add_app_template_filter(short_reference, "short_reference")


def dollars(microusd: float | None) -> str:
    """Millionths of a dollar as dollars: to the cent, below a cent to its hundredth, and what is less as less than that."""
    if microusd is None:
        return "–"
    amount = microusd / 1_000_000
    is_less = 0 < amount < _LEAST_SHOWN_USD
    pattern = "#,##0.0000" if 0 < amount < 0.01 else "#,##0.00"
    shown = format_decimal(_LEAST_SHOWN_USD if is_less else amount, pattern)
    in_dollars = f"{shown}\N{NO-BREAK SPACE}$" if page_locale() == "fr" else f"${shown}"
    return f"<\N{NO-BREAK SPACE}{in_dollars}" if is_less else in_dollars


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
    return _first_of_month(format_date(value, "d MMM"))


def day_and_year(value: date) -> str:
    """A day of any year."""
    return _first_of_month(format_date(value, "d MMM yyyy"))


def moment(value: datetime) -> str:
    """A day and a time, in the firm's time zone."""
    return _first_of_month(format_datetime(value, "d MMM yyyy, HH:mm"))


def cell(value: datetime) -> str:
    """The same as a spreadsheet takes it for a time."""
    return str(format_datetime(value, "yyyy-MM-dd HH:mm:ss"))


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


def local_mode(gpt: State) -> str:
    """Why GPT does not answer and until when, from its state in detail."""
    values = {"until": moment(gpt.until)} if gpt.until else {}
    if gpt.is_pause:
        return str(gettext("admin.gpt.pause", cause=reason(gpt.why), **values))
    return str(gettext(f"admin.gpt.{gpt.why}", **values))


def flag(word: str) -> str:
    """What the guard has noticed; the stable word itself where there is no sentence for it."""
    return _said(f"admin.flag.{word}", word)


def _first_of_month(shown: str) -> str:
    """The French say "1er déc." where other days are plain numbers."""
    return f"1er{shown[1:]}" if page_locale() == "fr" and shown.startswith("1 ") else shown


def _said(key: str, otherwise: str) -> str:
    sentence = str(gettext(key))
    return otherwise if sentence == key else sentence


def _shown(text: str | None) -> str:
    return visible(text or "")
