"""What holds on this host and what does not, each with what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from flask import request
from flask_babel import gettext

from okichat.errors import StoreUnavailable
from okichat.money.disk import ephemeral_host
from okichat.storage.functions import server_version
from okichat.web.admin import wording
from okichat.web.admin.mode import gpt_state
from okichat.web.parts import Parts

HOLDS, LOOK, BROKEN = "holds", "look", "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what is looked at, `state` HOLDS, LOOK (should be looked at) or BROKEN, and the sentence that says more."""

    name: str
    state: str
    text: str


def checks(parts: Parts) -> Iterator[Check]:
    """All of them; costs no paid call."""
    yield _store(parts)
    yield _ledger(parts)
    yield _gpt(parts)
    yield _limit(parts)
    yield _instances(parts)
    yield _proxies(parts)
    yield Check(
        "https", *((HOLDS, gettext("admin.https.yes")) if request.is_secure else (LOOK, gettext("admin.https.no")))
    )
    yield _way_out("mail", parts.delivery.has_channel)
    yield _way_out("alerts", parts.alerts.has_channel)
    settings = parts.settings
    times = {name: wording.number(getattr(settings, name)) for name in ("first_token_s", "deadline_s")}
    yield Check("deadlines", HOLDS, gettext("admin.deadlines", first=times["first_token_s"], whole=times["deadline_s"]))
    yield Check("streaming", HOLDS, gettext("admin.streaming"))


def _store(parts: Parts) -> Check:
    try:
        with parts.store.read() as connection:
            version = server_version(connection)
    except StoreUnavailable as error:
        return Check("store", BROKEN, gettext("admin.store.away", cause=str(error)))
    kind = "SQLite" if parts.store.is_sqlite else "PostgreSQL"
    return Check("store", HOLDS, f"{kind} {version}")


def _ledger(parts: Parts) -> Check:
    host = ephemeral_host(os.environ) if parts.store.is_sqlite else None
    if host:
        return Check("ledger", BROKEN, gettext("admin.ledger.forgets", host=host))
    return Check("ledger", HOLDS, gettext("admin.ledger.file" if parts.store.is_sqlite else "admin.ledger.server"))


def _gpt(parts: Parts) -> Check:
    state = gpt_state(parts)
    if state.works:
        return Check("gpt", HOLDS, gettext("admin.gpt.works", model=parts.settings.openai_model))
    return Check("gpt", LOOK, state.sentence)


def _limit(parts: Parts) -> Check:
    limit = parts.settings.rate_limit
    if not parts.settings.redis_url:
        return Check("limit", HOLDS, gettext("admin.limit.memory", limit=limit))
    if parts.limiter.storage.check():
        return Check("limit", HOLDS, gettext("admin.limit.redis", limit=limit))
    return Check("limit", BROKEN, gettext("admin.limit.away", limit=limit))


def _instances(parts: Parts) -> Check:
    if parts.store.is_sqlite and not parts.settings.redis_url:
        return Check("instances", HOLDS, gettext("admin.instances.alone"))
    try:
        company = parts.instances.company()
    except StoreUnavailable as error:
        return Check("instances", LOOK, gettext("admin.store.away", cause=str(error)))
    if company.differing:
        names = ", ".join(company.differing)
        return Check("instances", LOOK, gettext("admin.instances.differ", count=company.count, names=names))
    if company.count > 1 and not parts.settings.redis_url:
        return Check("instances", BROKEN, gettext("admin.instances.no_redis", count=company.count))
    return Check("instances", HOLDS, gettext("admin.instances.alike", count=max(company.count, 1)))


def _proxies(parts: Parts) -> Check:
    """Each proxy adds one address to X-Forwarded-For, so this very request tells how many there are at least."""
    hops = parts.settings.trusted_hops
    sent = len([part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()])
    if sent == 0 and hops == 0:
        return Check("proxies", HOLDS, gettext("admin.proxies.none"))
    if hops == 0:
        return Check("proxies", BROKEN, gettext("admin.proxies.unknown", count=sent))
    if sent < hops:
        return Check("proxies", BROKEN, gettext("admin.proxies.too_many", hops=hops, count=sent))
    return Check("proxies", HOLDS, gettext("admin.proxies.trusted", hops=hops))


def _way_out(name: str, is_set: bool) -> Check:
    return Check(name, HOLDS if is_set else LOOK, gettext(f"admin.way.{name}" if is_set else f"admin.way.no_{name}"))
