"""How many questions one visitor may ask, and who counts as one visitor."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded

from okichat.errors import TooManyQuestions
from okichat.settings import Settings

_REDIS_TIMEOUT_S = 0.25


def visitor_address() -> str:
    """The address behind this request, as far as trusted proxies vouch for it; IPv6 by /64, which is one household."""
    raw = request.remote_addr or "unknown"
    try:
        address = ipaddress.ip_address(raw.partition("%")[0])
    except ValueError:
        return raw
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def create_limiter(app: Flask, settings: Settings) -> Limiter:
    """The limiter of this app: exact in Redis across processes, else in memory, for which exactly one process runs.

    While Redis is away it counts in memory and looks for Redis again by itself."""
    options: dict[str, str | int] = {}
    if settings.redis_url:
        options = {"socket_timeout": _REDIS_TIMEOUT_S, "socket_connect_timeout": _REDIS_TIMEOUT_S}  # type: ignore[dict-item]
    app.after_request(_keep_retry_after_for_refusals)  # before the limiter's own: they run last to first
    return Limiter(
        visitor_address,
        app=app,
        strategy="moving-window",
        storage_uri=settings.redis_url or "memory://",
        storage_options=options,
        in_memory_fallback_enabled=settings.redis_url is not None,
        headers_enabled=True,
        key_prefix="okichat",
    )


@contextmanager
def within_limit(limiter: Limiter, limit: str, scope: str) -> Iterator[None]:
    """Counts this request against `limit`, e.g. "10 per 15 minutes", of its visitor. Raises TooManyQuestions."""
    try:
        with limiter.shared_limit(limit, scope=scope):
            yield
    except RateLimitExceeded as exceeded:
        current = limiter.current_limit
        period_s = exceeded.limit.limit.get_expiry()
        wait_s = current.reset_at - int(time.time()) if current else period_s  # rounded up twice: may be a second more
        raise TooManyQuestions(max(1, min(wait_s, period_s))) from exceeded


def _keep_retry_after_for_refusals(response: Response) -> Response:
    """Flask-Limiter tells also the answered ones to come back later."""
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)
    return response
