"""What should hold: each check once, with the sentence that says how to mend it. Nothing of it costs money.

`before_visitors` is for an operator, who can wait: the model's host is asked for its models. `while_serving` is for a screen of
the app that serves, which knows besides who serves with it and what stands before it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from sqlalchemy import delete, insert

from okichat.clock import Clock
from okichat.errors import StoreUnavailable
from okichat.health.finding import Finding, Status
from okichat.health.state import Health
from okichat.hosts import host_of
from okichat.money.budget import Budget
from okichat.money.prices import SHUTDOWN_IS_NEAR, price_of, shutdown_date
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.amounts import dollars
from okichat.monitoring.instances import Instances
from okichat.sentences import Say, Sentences
from okichat.settings import Settings, read_environment, settings_in_force, unknown_names
from okichat.sources.gpt import Gpt
from okichat.sources.unasked import EPHEMERAL_LEDGER, SWITCHED_OFF
from okichat.storage.engine import Store
from okichat.storage.schema import HEAD
from okichat.storage.tables import facts


@dataclass(frozen=True)
class Checks:
    """Looks at these parts, and says what it finds in a language."""

    settings: Settings
    sentences: Sentences
    clock: Clock
    store: Store
    budget: Budget
    gpt: Gpt
    alerts: Alerts
    instances: Instances
    health: Health

    def before_visitors(self, language: str) -> Iterator[Finding]:
        """In any process, also one that serves nobody."""
        say = self.sentences(language)
        yield from self._settings(say)
        yield from self._store_and_ledger(say, language, is_patient=True)
        yield self._redis(say)
        yield self._key(say)
        yield from self._prices(say)
        yield self._proxies(say, None)
        yield self._alerts(say)
        yield from self._sentry(say)

    def while_serving(self, language: str, forwarded: int) -> Iterator[Finding]:
        """In the process that serves; `forwarded`: how many addresses the request at hand brought in X-Forwarded-For."""
        say = self.sentences(language)
        yield from self._store_and_ledger(say, language, is_patient=False)
        yield self._redis(say)
        yield self._instances(say)
        yield self._proxies(say, forwarded)
        yield self._alerts(say)
        yield from self._prices(say)
        yield from self._settings(say)
        yield from self._sentry(say)

    def _settings(self, say: Say) -> Iterator[Finding]:
        changed = sum(is_changed for *_, is_changed in settings_in_force(self.settings))
        yield Finding("settings", "ok", say("check.settings.ok", count=changed))
        if unknown := [name for name, mistake in unknown_names(read_environment()) if mistake is None]:
            yield Finding("settings", "warning", say("check.settings.unknown", names=", ".join(unknown)))

    def _store_and_ledger(self, say: Say, language: str, *, is_patient: bool) -> Iterator[Finding]:
        store = self._store(say)
        yield store
        if store.status != "error":
            yield self._ledger(say, language, is_patient=is_patient)

    def _store(self, say: Say) -> Finding:
        found = self.health.store_state()
        if not found.works:
            return Finding("store", "error", say("check.store.away", cause=found.why))
        if found.tables != HEAD:
            return Finding("store", "error", say("check.store.old", found=found.tables, needed=HEAD))
        name = f"check-{os.getpid()}"
        try:
            with self.store.write() as connection:  # leaves nothing behind
                connection.execute(insert(facts), {"name": name, "value": ""})
                connection.execute(delete(facts).where(facts.c.name == name))
        except StoreUnavailable as error:
            return Finding("store", "error", say("check.store.away", cause=str(error)))
        kind = "SQLite" if found.is_sqlite else "PostgreSQL"
        return Finding("store", "ok", say("check.store.ok", kind=f"{kind} {found.version}"))

    def _ledger(self, say: Say, language: str, *, is_patient: bool) -> Finding:
        """To add up all that was ever spent takes a while; a screen looks at the month that goes on."""
        try:
            month = self.budget.month()
            adds_up = not self.budget.verify("" if is_patient else month.month)
        except StoreUnavailable as error:
            return Finding("ledger", "error", say("check.store.away", cause=str(error)))
        if not adds_up:
            return Finding("ledger", "error", say("check.ledger.wrong"))
        if self.gpt.stays_off == EPHEMERAL_LEDGER:
            return Finding("ledger", "error", say("check.ledger.forgets"))
        return Finding("ledger", "ok", say("check.ledger.ok", left=dollars(month.left_microusd, language)))

    def _redis(self, say: Say) -> Finding:
        limit, redis, processes = self.settings.rate_limit, self.health.redis_state(), self.settings.web_concurrency
        if redis is not None:
            status: Status = "ok" if redis.works else "error"
            return Finding("redis", status, say("check.redis.ok" if redis.works else "check.redis.away", limit=limit))
        if processes > 1:
            return Finding("redis", "warning", say("check.redis.wanted", count=processes))
        return Finding("redis", "ok", say("check.redis.none", limit=limit))

    def _instances(self, say: Say) -> Finding:
        if self.store.is_sqlite and not self.settings.redis_url:
            return Finding("instances", "ok", say("check.instances.alone"))
        try:
            company = self.instances.company()
        except StoreUnavailable as error:
            return Finding("instances", "warning", say("check.store.away", cause=str(error)))
        if company.differing:
            names = ", ".join(company.differing)
            return Finding("instances", "warning", say("check.instances.differ", count=company.count, names=names))
        if company.count > 1 and not self.settings.redis_url:
            return Finding("instances", "error", say("check.instances.no_redis", count=company.count))
        return Finding("instances", "ok", say("check.instances.alike", count=max(company.count, 1)))

    def _key(self, say: Say) -> Finding:
        settings = self.settings
        if not settings.openai_api_key:
            return Finding("key", "warning", say("check.key.none"))
        from okichat.sources.model_list import NoModelList, model_names  # with an HTTP client that no start needs

        host = (urlsplit(settings.openai_base_url).hostname if settings.openai_base_url else None) or "api.openai.com"
        try:
            names = model_names(settings)
        except NoModelList as error:
            if error.status in (401, 403):
                return Finding("key", "error", say("check.key.refused", host=host))
            return Finding("key", "warning", say("check.key.silent", host=host, cause=str(error)))
        if self.gpt.off_because == SWITCHED_OFF:
            return Finding("key", "warning", say("check.key.switched_off"))
        if settings.openai_model not in names:
            return Finding("key", "warning", say("check.key.model", host=host, model=settings.openai_model))
        return Finding("key", "ok", say("check.key.ok", host=host, model=settings.openai_model))

    def _prices(self, say: Say) -> Iterator[Finding]:
        settings = self.settings
        for model in filter(None, (settings.openai_model, settings.openai_fallback_model)):
            price = price_of(model, settings)
            if price is None:
                status: Status = "error" if settings.openai_api_key else "warning"
                yield Finding("price", status, say("check.price.unknown", model=model))
                continue
            day = shutdown_date(model)
            if day is not None and day - self.clock.now().date() <= SHUTDOWN_IS_NEAR:
                yield Finding("price", "warning", say("check.price.shutdown", model=model, date=day.isoformat()))
            elif price.version == "settings":
                yield Finding("price", "ok", say("check.price.said", model=model))
            else:
                yield Finding("price", "ok", say("check.price.ok", model=model, version=price.version))

    def _proxies(self, say: Say, forwarded: int | None) -> Finding:
        """Each proxy adds one address, so a request tells how many there are at least; without one the host may tell."""
        hops = self.settings.trusted_hops
        least = (1 if host_of(os.environ) else 0) if forwarded is None else forwarded
        if hops == 0:
            if least:
                return Finding("proxies", "error", say("check.proxies.unknown", count=least))
            return Finding("proxies", "ok", say("check.proxies.none"))
        if forwarded is not None and forwarded < hops:
            return Finding("proxies", "error", say("check.proxies.too_many", hops=hops, count=forwarded))
        return Finding("proxies", "ok", say("check.proxies.ok", hops=hops))

    def _alerts(self, say: Say) -> Finding:
        there = self.alerts.has_channel
        return Finding("alerts", "ok" if there else "warning", say("check.alerts.ok" if there else "check.alerts.none"))

    def _sentry(self, say: Say) -> Iterator[Finding]:
        if self.settings.sentry_dsn:
            there = find_spec("sentry_sdk") is not None
            status: Status = "ok" if there else "error"
            yield Finding("sentry", status, say("check.sentry.ok" if there else "check.sentry.missing"))
