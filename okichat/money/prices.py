"""What a model costs: a small dated table, or what the operator says. A model without a known price is never called."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from okichat.settings import Settings

# Hosts whose prices the table holds: the end of their name, whose list it is, and what they charge on top at most.
# OpenAI and Azure ask 10 % more where the data stays in a region; which deployments do so does not show from outside.
_HOSTS = (
    ("api.openai.com", "openai", Decimal(1)),
    (".api.openai.com", "openai", Decimal("1.1")),
    (".openai.azure.com", "openai", Decimal("1.1")),
    (".services.ai.azure.com", "openai", Decimal("1.1")),
    (".cognitiveservices.azure.com", "openai", Decimal("1.1")),
    ("api.mistral.ai", "mistral", Decimal(1)),
)
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
SHUTDOWN_IS_NEAR = timedelta(days=60)
_MEND = (
    "set OKICHAT_PRICE_INPUT and OKICHAT_PRICE_OUTPUT (dollars per million tokens; 0 for a model that costs nothing)"
)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, which is the same as millionths of a dollar per token.

    version            the date of the table, or "settings"
    cache_write_usd    of input tokens that the host writes into its prompt cache, None where that costs no more
    flat_up_to_tokens  the longest prompt this price holds for, None for any
    """

    input_usd: float
    cached_input_usd: float
    output_usd: float
    version: str
    cache_write_usd: float | None = None
    flat_up_to_tokens: int | None = None

    def cost_microusd(
        self, input_tokens: int, cached_input_tokens: int, output_tokens: int, cache_write_tokens: int = 0
    ) -> int:
        """What one call costs, rounded up. Cached and written tokens are part of the input tokens."""
        cached = min(cached_input_tokens, input_tokens)
        written = min(cache_write_tokens, input_tokens - cached)
        write_usd = self.input_usd if self.cache_write_usd is None else self.cache_write_usd
        cost = (
            _exact(self.input_usd) * (input_tokens - cached - written)
            + _exact(self.cached_input_usd) * cached
            + _exact(write_usd) * written
            + _exact(self.output_usd) * output_tokens
        )
        return int(cost.to_integral_value(ROUND_CEILING))

    def worst_case_microusd(self, input_tokens: int, output_tokens: int) -> int:
        """The most a call with at most so many tokens can cost, whatever the host caches or writes into its cache."""
        dearest = max(self.input_usd, self.cached_input_usd, self.cache_write_usd or 0.0)
        cost = _exact(dearest) * input_tokens + _exact(self.output_usd) * output_tokens
        return int(cost.to_integral_value(ROUND_CEILING))


def price_of(model: str, settings: Settings) -> Price | None:
    """The price of a model at the host of the settings, or None where nobody can say, and then it is not called.

    What the operator set counts for OPENAI_MODEL; for another model, the dearer of that and the table.
    The table counts at the hosts whose list it is, and on the own machine or network (a gateway, a test). At any other
    host the same name may cost anything, so there the operator has to say the price."""
    listed, said = _listed_price(model, settings.openai_base_url), _said_price(settings)
    if _half_said(settings):
        return None
    if said is None or (listed is not None and model != settings.openai_model):
        return listed if said is None or listed is None else _dearer(listed, said)
    return said


def shutdown_date(model: str) -> date | None:
    """The day from which its host no longer offers the model, None where none has been announced."""
    row = _row(model)
    return date.fromisoformat(row["shutdown"]) if row and "shutdown" in row else None


def warnings(settings: Settings, today: date) -> list[str]:
    """What the operator should know at start about the models of the settings, each with the mend."""
    if not settings.openai_api_key:
        return []
    found: list[str] = []
    if _half_said(settings):
        found.append(f"only one of the two prices is set, so GPT stays off: {_MEND}")
    for name in ("OPENAI_MODEL", "OPENAI_FALLBACK_MODEL"):
        model = settings.openai_model if name == "OPENAI_MODEL" else settings.openai_fallback_model
        if model is None:
            continue
        if price_of(model, settings) is None and not _half_said(settings):
            at = _host(settings.openai_base_url)
            found.append(f"{name}: the price of {model} at {at} is not known, so it is never called: {_MEND}")
        last_day = shutdown_date(model)
        if last_day is not None and today >= last_day - SHUTDOWN_IS_NEAR:
            ends = "was shut down" if today >= last_day else "shuts down"
            found.append(f"{name}: {model} {ends} on {last_day}: set {name} to another model, e.g. gpt-6-luna")
    return found


def _half_said(settings: Settings) -> bool:
    return (settings.price_input_usd is None) != (settings.price_output_usd is None)


def _said_price(settings: Settings) -> Price | None:
    if settings.price_input_usd is None or settings.price_output_usd is None:
        return None
    # There is no setting for cached input: it never costs more than the rest.
    return Price(settings.price_input_usd, settings.price_input_usd, settings.price_output_usd, "settings")


def _dearer(one: Price, other: Price) -> Price:
    return replace(
        one,
        input_usd=max(one.input_usd, other.input_usd),
        cached_input_usd=max(one.cached_input_usd, other.cached_input_usd),
        output_usd=max(one.output_usd, other.output_usd),
        version="settings",
    )


def _listed_price(model: str, base_url: str | None) -> Price | None:
    row = _row(model)
    factor = _factor(row["provider"], _host(base_url)) if row else None
    if row is None or factor is None:
        return None
    dollars = {name: float(Decimal(row[name]) * factor) for name in ("input", "cached_input", "output")}
    return Price(
        dollars["input"],
        dollars["cached_input"],
        dollars["output"],
        _table()["date"],
        float(Decimal(row["cache_write"]) * factor) if "cache_write" in row else None,
        row.get("flat_up_to_tokens"),
    )


def _factor(provider: str, host: str) -> Decimal | None:
    """What the host's prices are in relation to the table, None where nobody knows."""
    for name, lists, factor in _HOSTS:
        if host == name or (name.startswith(".") and host.endswith(name)):
            return factor if lists == provider else None
    return Decimal(1) if _is_own(host) else None


def _is_own(host: str) -> bool:
    """The own machine, or a name or address that only an own network knows."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local", ".localhost"))


def _host(base_url: str | None) -> str:
    return (urlsplit(base_url).hostname or "") if base_url else "api.openai.com"


def _row(model: str) -> dict[str, Any] | None:
    """A dated snapshot ("gpt-6-luna-2026-09-22") is the same model, unless the table lists it by itself."""
    models: dict[str, dict[str, Any]] = _table()["models"]
    return models.get(model) or models.get(_SNAPSHOT.sub("", model))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return table


def _exact(dollars: float) -> Decimal:
    """The number as it was written: 0.1 is a tenth, not the nearest binary fraction."""
    return Decimal(str(dollars))
