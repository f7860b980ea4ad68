"""The language of a page, and times as its readers write them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from functools import cache, partial
from zoneinfo import ZoneInfo

from babel.dates import format_time
from flask import Flask, current_app, request
from flask_babel import Babel

from okichat.content import folder
from okichat.language import LANGUAGES
from okichat.settings import Settings
from okichat.web.words import speaker


def page_locale() -> str:
    """ "fr" or "en": the language of the page that this request asks for."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else str(current_app.config["BABEL_DEFAULT_LOCALE"])


def speak_languages(app: Flask, settings: Settings) -> None:
    """Choose the page's language: `?lang`, else the site's own (`OKICHAT_LOCALE`)."""
    translations = str(folder("translations"))
    app.config["BABEL_DEFAULT_LOCALE"] = settings.locale
    Babel(
        app,
        default_timezone=settings.timezone,
        default_translation_directories=translations,
        locale_selector=page_locale,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.context_processor(lambda: {"locale": page_locale()})
    say = speaker(translations, page_locale)
    app.jinja_env.globals.update({"_": say, "gettext": say})  # Flask-Babel looks up the language at each call
    app.jinja_env.filters["clock_time"] = partial(_clock_time, ZoneInfo(settings.timezone))
    app.jinja_env.filters["iso"] = _iso


def _clock_time(zone: ZoneInfo, moment: datetime) -> str:
    """The hour and minute in the firm's time zone, as the page's readers write it."""
    local = moment.astimezone(zone)
    return _spelt(local.hour, local.minute, page_locale())


@cache
def _spelt(hour: int, minute: int, language: str) -> str:
    return str(format_time(time(hour, minute), "short", locale=language))


def _iso(moment: datetime) -> str:
    """For machines, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
