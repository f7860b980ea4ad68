"""The language of a page, and times as its readers write them."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, request
from flask_babel import Babel, format_time, get_locale

from okichat.content import folder
from okichat.language import LANGUAGES
from okichat.settings import Settings


def page_locale() -> str:
    """ "fr" or "en": the language of the page that this request asks for."""
    return str(get_locale())


def speak_languages(app: Flask, settings: Settings) -> None:
    """Choose the page's language: `?lang`, else the site's own (`OKICHAT_LOCALE`)."""

    def choose() -> str:
        asked = request.args.get("lang", "")
        return asked if asked in LANGUAGES else settings.locale

    Babel(
        app,
        default_locale=settings.locale,
        default_timezone=settings.timezone,
        default_translation_directories=str(folder("translations")),
        locale_selector=choose,
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.context_processor(lambda: {"locale": page_locale()})
    app.jinja_env.filters["clock_time"] = _clock_time
    app.jinja_env.filters["iso"] = _iso


def _clock_time(moment: datetime) -> str:
    """The hour and minute in the firm's time zone, as the page's readers write it."""
    return str(format_time(moment, "short"))


def _iso(moment: datetime) -> str:
    """For machines, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
