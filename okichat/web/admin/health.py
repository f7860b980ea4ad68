"""What holds on this host, the settings in force, versions, and whether alerts arrive."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from flask import request
from flask_babel import gettext

from okichat import __version__
from okichat.health.finding import Finding
from okichat.money.prices import price_of, shutdown_date
from okichat.settings import settings_in_force
from okichat.web.admin import wording
from okichat.web.admin.room import blueprint, screen
from okichat.web.locale import page_locale
from okichat.web.parts import Parts, current_parts

_PACKAGES = ("flask", "flask-limiter", "gunicorn", "openai", "sqlalchemy", "psycopg", "redis")


@blueprint.get("/health")
def health() -> str:
    """Needs no store."""
    return _screen()


@blueprint.post("/health")
def test_alert() -> str:
    """Send a test through every channel that alerts have."""
    return _screen(current_parts().alerts.try_out())


def _screen(tried: list[tuple[str, str | None]] | None = None) -> str:
    parts = current_parts()
    return screen(
        "dashboard/health.html",
        "health",
        findings=list(_findings(parts)),
        model=list(_model(parts)),
        versions=list(_versions()),
        settings=settings_in_force(parts.settings),
        can_alert=parts.alerts.has_channel,
        switch=parts.switch,
        tried=tried,
    )


def _findings(parts: Parts) -> Iterator[Finding]:
    """The checks, and what only this page shows: how it came, and whether this very process asks GPT."""
    gpt = parts.health.gpt_state_in_detail()
    in_words = gettext("admin.gpt.works", model=parts.settings.openai_model) if gpt.works else wording.local_mode(gpt)
    yield Finding("gpt", "ok" if gpt.works else "warning", in_words)
    forwarded = len([part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()])
    yield from parts.checks.while_serving(page_locale(), forwarded)
    if request.is_secure:
        yield Finding("https", "ok", gettext("admin.https.yes"))
    else:
        yield Finding("https", "warning", gettext("admin.https.no"))


def _model(parts: Parts) -> Iterator[tuple[str, str]]:
    """The model, what it costs and since when that is known, when its host will end it, and how long it is waited for."""
    settings = parts.settings
    yield gettext("admin.model"), settings.openai_model
    if price := price_of(settings.openai_model, settings):
        dollars = {"input": wording.dollars(price.input_usd * 1e6), "output": wording.dollars(price.output_usd * 1e6)}
        yield gettext("admin.price"), gettext("admin.price.per_million", **dollars)
        by_owner = price.version == "settings"
        yield gettext("admin.price.from"), gettext("admin.price.settings") if by_owner else price.version
    else:
        yield gettext("admin.price"), gettext("admin.price.unknown")
    last_day = shutdown_date(settings.openai_model)
    yield gettext("admin.shutdown"), last_day.isoformat() if last_day else gettext("admin.shutdown.none")
    times = {"first": wording.number(settings.first_token_s), "whole": wording.number(settings.deadline_s)}
    yield gettext("admin.deadlines"), gettext("admin.deadlines.spelt", **times)


def _versions() -> Iterator[tuple[str, str]]:
    yield "okichat", __version__
    yield "python", platform.python_version()
    for package in _PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue
