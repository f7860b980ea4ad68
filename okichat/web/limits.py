"""How many questions one visitor may ask, and who counts as one visitor."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.strategies import RateLimiter

from okichat.errors import TooManyQuestions
from okichat.settings import Settings
from okichat.web.counts import Counts

_REDIS_TIMEOUT_S = 0.25
_PREFIX = "okichat"


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
    options: dict[str, str | int] = {"wrap_exceptions": True}
    if settings.redis_url:
        options |= {"socket_timeout": _REDIS_TIMEOUT_S, "socket_connect_timeout": _REDIS_TIMEOUT_S}  # type: ignore[dict-item]
    app.after_request(_keep_retry_after_for_refusals)  # before the limiter's own: they run last to first
    app.after_request(_tell_limit)
    return _Limiter(
        visitor_address,
        app=app,
        strategy="moving-window",
        storage_uri=settings.redis_url or f"{Counts.STORAGE_SCHEME[0]}://",
        storage_options=options,
        in_memory_fallback_enabled=settings.redis_url is not None,
        swallow_errors=True,  # of several requests that lose Redis at the same moment, only one is counted in memory at once
        headers_enabled=True,
        key_prefix=_PREFIX,
    )


class _Limiter(Limiter):
    """Without the look at every request for limits of routes: there are none."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


@contextmanager
def within_limit(limiter: Limiter, limit: str, scope: str) -> Iterator[None]:
    """Counts this request against `limit`, e.g. "10 per 15 minutes", of its visitor. Raises TooManyQuestions."""
    if isinstance(limiter.storage, Counts):
        _count(limiter.limiter, _parsed(limit), scope)
        yield
        return
    try:
        with limiter.shared_limit(limit, scope=scope):
            yield
    except RateLimitExceeded as exceeded:
        current = limiter.current_limit
        period_s = exceeded.limit.limit.get_expiry()
        try:
            wait_s = (
                current.reset_at - int(time.time()) if current else period_s
            )  # rounded up twice: may be a second more
        except StorageError:
            wait_s = period_s
        raise TooManyQuestions(max(1, min(wait_s, period_s))) from exceeded


_parsed = lru_cache(maxsize=8)(parse)


def _count(counts: RateLimiter, limit: RateLimitItem, scope: str) -> None:
    """The same in memory: what Flask-Limiter does for each request takes longer than all the rest of a short answer."""
    key = (_PREFIX, visitor_address(), scope)
    allowed = counts.hit(limit, *key)
    window = counts.get_window_stats(limit, *key)
    reset_at = int(window.reset_time + 1)
    g.limit_told = (limit.amount, window.remaining, reset_at)
    if not allowed:
        raise TooManyQuestions(max(1, min(reset_at - int(time.time()), limit.get_expiry())))


def _tell_limit(response: Response) -> Response:
    """In the words of Flask-Limiter, which tells what it has counted itself."""
    told = g.get("limit_told")
    if told is None:
        return response
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
    response.headers.extend(zip(names, map(str, told), strict=True))
    if response.status_code in (429, 503):
        response.headers["Retry-After"] = str(max(0, int(told[2] - time.time())))
    return response


def _keep_retry_after_for_refusals(response: Response) -> Response:
    """Flask-Limiter tells also the answered ones to come back later."""
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)
    return response
