"""What must hold before visitors come, looked at from inside; nothing of it costs money."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from urllib.parse import urlsplit

from flask import Flask
from jinja2 import TemplateError, TemplateSyntaxError
from sqlalchemy import delete, insert

from okichat.commands.finding import Finding
from okichat.commands.knowledge import doubts_of
from okichat.errors import StoreUnavailable
from okichat.hosts import host_of
from okichat.money.disk import ephemeral_host, why_gpt_stays_off
from okichat.money.prices import price_of, shutdown_date
from okichat.sentences import sentences
from okichat.settings import read_environment, settings_in_force, unknown_names
from okichat.sources.model_list import NoModelList, model_names
from okichat.sources.unasked import SWITCHED_OFF
from okichat.storage.functions import server_version
from okichat.storage.schema import HEAD, version_of
from okichat.storage.tables import facts
from okichat.web.parts import EXTENSION, Parts

_DASHBOARD = "admin"
_SHUTDOWN_IS_NEAR = timedelta(days=60)


def app_checks(app: Flask) -> Iterator[Finding]:
    """Every check, in the language of the settings."""
    parts: Parts = app.extensions[EXTENSION]
    say = sentences(parts.settings.locale)
    yield from _settings(parts, say)
    yield _knowledge(parts, say)
    yield _templates(app, say)
    store = _store(parts, say)
    yield store
    if store.status != "error":
        yield _ledger(parts, say)
    yield _redis(parts, say)
    yield _key(parts, say)
    yield from _prices(parts, say)
    yield _proxies(parts, say)
    yield _channels(parts, say)
    if parts.settings.sentry_dsn:
        there = find_spec("sentry_sdk") is not None
        yield Finding("sentry", "ok" if there else "error", say("check.sentry.ok" if there else "check.sentry.missing"))


def _settings(parts: Parts, say: Callable[..., str]) -> Iterator[Finding]:
    changed = sum(is_changed for *_, is_changed in settings_in_force(parts.settings))
    yield Finding("settings", "ok", say("check.settings.ok", count=changed))
    if unknown := [name for name, mistake in unknown_names(read_environment()) if mistake is None]:
        yield Finding("settings", "warning", say("check.settings.unknown", names=", ".join(unknown)))


def _knowledge(parts: Parts, say: Callable[..., str]) -> Finding:
    doubts = doubts_of(parts)
    errors = sum(doubt.is_error for doubt in doubts)
    if doubts:
        text = say("check.knowledge.doubts", errors=errors, warnings=len(doubts) - errors)
        return Finding("knowledge", "error" if errors else "warning", text)
    topics = sum(len(parts.library.topics(language)) for language in parts.library.languages)
    return Finding("knowledge", "ok", say("check.knowledge.ok", count=topics))


def _templates(app: Flask, say: Callable[..., str]) -> Finding:
    closed = () if _DASHBOARD in app.blueprints else ("dashboard/", "okichat/dashboard/")  # their filters come with it
    names = [name for name in app.jinja_env.list_templates(["html"]) if not name.startswith(closed)]
    for name in names:
        try:
            app.jinja_env.get_template(name)
        except TemplateError as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else "?"
            return Finding(
                "templates", "error", say("check.templates.broken", name=name, line=line, cause=str(error).rstrip("."))
            )
    return Finding("templates", "ok", say("check.templates.ok", count=len(names)))


def _store(parts: Parts, say: Callable[..., str]) -> Finding:
    try:
        with parts.store.read() as connection:
            version, found = server_version(connection), version_of(connection)
        if found == HEAD:
            with parts.store.write() as connection:  # leaves nothing behind
                connection.execute(insert(facts), {"name": f"check-{os.getpid()}", "value": ""})
                connection.execute(delete(facts).where(facts.c.name == f"check-{os.getpid()}"))
    except StoreUnavailable as error:
        return Finding("store", "error", say("check.store.away", cause=str(error)))
    if found != HEAD:
        return Finding("store", "error", say("check.store.old", found=found, needed=HEAD))
    kind = "SQLite" if parts.store.is_sqlite else "PostgreSQL"
    return Finding("store", "ok", say("check.store.ok", kind=f"{kind} {version}"))


def _ledger(parts: Parts, say: Callable[..., str]) -> Finding:
    try:
        if parts.budget.verify():
            return Finding("ledger", "error", say("check.ledger.wrong"))
        left_usd = parts.budget.month().left_microusd / 1e6
    except StoreUnavailable as error:
        return Finding("ledger", "error", say("check.store.away", cause=str(error)))
    if why_gpt_stays_off(parts.settings, os.environ):
        host = ephemeral_host(os.environ) or "?"
        return Finding("ledger", "error", say("check.ledger.forgets", host=host))
    return Finding("ledger", "ok", say("check.ledger.ok", left=f"{left_usd:.2f}"))


def _redis(parts: Parts, say: Callable[..., str]) -> Finding:
    settings = parts.settings
    if settings.redis_url:
        works = parts.limiter.storage.check()
        return Finding("redis", "ok" if works else "error", say("check.redis.ok" if works else "check.redis.away"))
    if settings.web_concurrency > 1:
        return Finding("redis", "warning", say("check.redis.wanted", count=settings.web_concurrency))
    return Finding("redis", "ok", say("check.redis.none"))


def _key(parts: Parts, say: Callable[..., str]) -> Finding:
    settings = parts.settings
    if not settings.openai_api_key:
        return Finding("key", "warning", say("check.key.none"))
    host = (urlsplit(settings.openai_base_url).hostname if settings.openai_base_url else None) or "api.openai.com"
    try:
        names = model_names(settings)
    except NoModelList as error:
        if error.status in (401, 403):
            return Finding("key", "error", say("check.key.refused", host=host))
        return Finding("key", "warning", say("check.key.silent", host=host, cause=str(error)))
    if parts.gpt.off_because == SWITCHED_OFF:
        return Finding("key", "warning", say("check.key.switched_off"))
    if settings.openai_model not in names:
        return Finding("key", "warning", say("check.key.model", host=host, model=settings.openai_model))
    return Finding("key", "ok", say("check.key.ok", host=host, model=settings.openai_model))


def _prices(parts: Parts, say: Callable[..., str]) -> Iterator[Finding]:
    settings = parts.settings
    for model in filter(None, (settings.openai_model, settings.openai_fallback_model)):
        price = price_of(model, settings)
        if price is None:
            status = say("check.price.unknown", model=model)
            yield Finding("price", "error" if settings.openai_api_key else "warning", status)
            continue
        day = shutdown_date(model)
        if day is not None and day - parts.clock.now().date() <= _SHUTDOWN_IS_NEAR:
            yield Finding("price", "warning", say("check.price.shutdown", model=model, date=day.isoformat()))
        else:
            yield Finding("price", "ok", say("check.price.ok", model=model, version=price.version))


def _proxies(parts: Parts, say: Callable[..., str]) -> Finding:
    hops = parts.settings.trusted_hops
    if hops == 0 and host_of(os.environ):
        return Finding("proxies", "error", say("check.proxies.unknown"))
    return Finding("proxies", "ok", say("check.proxies.ok", hops=hops))


def _channels(parts: Parts, say: Callable[..., str]) -> Finding:
    there = parts.alerts.has_channel
    return Finding("alerts", "ok" if there else "warning", say("check.alerts.ok" if there else "check.alerts.none"))
