"""The language of a page, and times as its readers write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, time
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.support import NullTranslations
from flask import Flask, Response, current_app, request
from flask_babel import Babel, Domain, get_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from okichat.language import LANGUAGES
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.web.parts import current_parts
from okichat.web.words import speaker


def page_locale() -> str:
    """ "fr" or "en": `?lang`, which the widget sets too, else what the browser prefers, else the site's own language."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = request.headers.get("Accept-Language")
    default = str(current_app.config["BABEL_DEFAULT_LOCALE"])
    return _first_of_ours(preferred, default) if preferred else default


def page_reader() -> Locale:
    """The same with the country, which decides how times are written."""
    return _with_region(request.headers.get("Accept-Language", ""), page_locale())


def time_of_day(local: datetime, reader: Locale) -> str:
    """Hour and minute as this reader writes them."""
    return _spelt(local.hour, local.minute, reader)


def iso(moment: datetime) -> str:
    """A moment for machines, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def speak_languages(app: Flask, settings: Settings, sentences: Sentences) -> None:
    """Choose the page's language as `page_locale` says, and give templates `_` and times in it."""
    app.config["BABEL_DEFAULT_LOCALE"] = settings.locale
    babel = Babel(app, default_timezone=settings.timezone, locale_selector=page_locale)
    babel.domain_instance = _Domain(sentences.catalogues)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.context_processor(lambda: {"locale": page_locale()})
    app.after_request(_tell_what_it_depends_on)
    say = speaker(sentences.catalogues, page_locale)
    app.jinja_env.globals.update({"_": say, "gettext": say})  # Flask-Babel looks up the language at each call
    app.jinja_env.filters["clock_time"] = partial(_clock_time, ZoneInfo(settings.timezone))
    app.jinja_env.filters["iso"] = iso


class _Domain(Domain):  # type: ignore[misc]
    """What Flask-Babel's `gettext` looks into: the same sentences as all else."""

    def __init__(self, catalogues: Mapping[str, NullTranslations]) -> None:
        super().__init__()
        self._catalogues = catalogues

    def get_translations(self) -> NullTranslations:
        """Those of the language at hand."""
        return self._catalogues[str(get_locale())]


@lru_cache(maxsize=64)  # a page asks for each of its sentences
def _first_of_ours(preferred: str, default: str) -> str:
    """The language of ours that stands first in an `Accept-Language`; "any" and those we do not speak are no choice."""
    return next((language for language, _ in _wanted(preferred) if language in LANGUAGES), default)


@lru_cache(maxsize=64)
def _with_region(preferred: str, language: str) -> Locale:
    """The same language as this browser's country writes it: 09:12 in en-GB, 9:12 AM in en-US."""
    for wanted, tag in _wanted(preferred):
        if wanted == language:
            with suppress(ValueError, UnknownLocaleError):
                return Locale.parse(tag, sep="-")
    return Locale(language)


def _wanted(preferred: str) -> Iterator[tuple[str, str]]:
    for tag, quality in parse_accept_header(preferred, LanguageAccept):
        if quality > 0:
            yield tag.partition("-")[0].lower(), tag


def _tell_what_it_depends_on(response: Response) -> Response:
    """A cache must not give one visitor the page of another one's language."""
    if response.mimetype == "text/html":
        response.vary.add("Accept-Language")
    return response


def _clock_time(zone: ZoneInfo, moment: datetime) -> str:
    """The hour and minute in the firm's time zone, as the page's readers write it; before them the day if it is not today."""
    local, reader = moment.astimezone(zone), page_reader()
    spelt = time_of_day(local, reader)
    if local.date() == current_parts().clock.now().astimezone(zone).date():
        return spelt
    return f"{format_skeleton('MMMd', local, locale=reader)}, {spelt}"


@lru_cache(maxsize=4096)
def _spelt(hour: int, minute: int, reader: Locale) -> str:
    return str(format_time(time(hour, minute), "short", locale=reader))
