"""How many questions one visitor may ask, and who counts as one visitor."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import RedisStorage

from okichat.errors import DailyLimitReached, TooManyQuestions
from okichat.settings import Settings
from okichat.web.counts import Counts

_REDIS_TIMEOUT_S = 0.25
_MOST_CONNECTIONS, _WAIT_FOR_CONNECTION_S = 32, 0.5
_PREFIX = "okichat"
_DAY_S = 24 * 60 * 60
QUESTIONS = "questions"  # the scope that chat and API share


def visitor_address() -> str:
    """The address behind this request, as far as trusted proxies vouch for it; IPv6 by /64, which is one household."""
    return address_of(request.remote_addr)


@lru_cache(maxsize=1024)
def address_of(remote: str | None) -> str:
    """The same for the address of a connection."""
    raw = remote or "unknown"
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
    options: dict[str, Any] = {"wrap_exceptions": True}
    if settings.redis_url:
        options["connection_pool"] = _pool(settings.redis_url)
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


def close_limiter(limiter: Limiter) -> None:
    """Give its connections to Redis back; the next question that is counted opens one again."""
    if isinstance(limiter.storage, RedisStorage):
        limiter.storage.storage.connection_pool.disconnect()


def _pool(redis_url: str) -> Any:
    """Few connections, which small plans of Redis count: who finds none free waits a moment instead of going uncounted."""
    from redis import BlockingConnectionPool  # not before somebody has a Redis: see cache/redis_shelf.py

    return BlockingConnectionPool.from_url(
        redis_url,
        max_connections=_MOST_CONNECTIONS,
        timeout=_WAIT_FOR_CONNECTION_S,
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
    )


class _Limiter(Limiter):
    """Without the look at every request for limits of routes: there are none."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


@contextmanager
def within_limit(limiter: Limiter, limit: str, scope: str) -> Iterator[None]:
    """Counts this request against `limit` of its visitor, e.g. "10 per 15 minutes; 100 per day". Raises TooManyQuestions."""
    if isinstance(counts := limiter.storage, Counts):
        counted = count_in_memory(counts, limit, scope, visitor_address())
        counted.tell()
        if not counted.allowed:
            raise counted.refusal()
        yield
        return
    try:
        with limiter.shared_limit(limit, scope=scope):
            yield
    except RateLimitExceeded as exceeded:
        current = limiter.current_limit
        period_s = exceeded.limit.limit.get_expiry()
        try:
            # Rounded up twice: it may be a second more.
            wait_s = current.reset_at - int(time.time()) if current else period_s
        except StorageError:
            wait_s = period_s
        raise _refusal(exceeded.limit.limit, max(1, min(wait_s, period_s))) from exceeded


@lru_cache(maxsize=1024)
def _parsed(limit: str, address: str, scope: str) -> list[tuple[RateLimitItem, str]]:
    """Each with its key. The shortest period first: whoever is too quick has not used up more of the day."""
    by_period = sorted(parse_many(limit), key=lambda each: each.get_expiry())
    return [(each, each.key_for(_PREFIX, address, scope)) for each in by_period]


def _refusal(limit: RateLimitItem, wait_s: int) -> TooManyQuestions:
    return DailyLimitReached(wait_s) if limit.get_expiry() >= _DAY_S else TooManyQuestions(wait_s)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of one request that was counted in memory. `reset_at` is in seconds since 1970."""

    allowed: bool
    limit: RateLimitItem
    remaining: int
    reset_at: int

    def tell(self) -> None:
        """Let the reply of this request say so."""
        g.limit_told = self

    def headers(self) -> tuple[tuple[str, str], ...]:
        """In the words of Flask-Limiter, which tells what it has counted itself."""
        return (
            ("X-RateLimit-Limit", str(self.limit.amount)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(self.reset_at)),
        )

    def refusal(self) -> TooManyQuestions:
        """What is raised where it is not allowed."""
        return _refusal(self.limit, max(1, min(self.reset_at - int(time.time()), self.limit.get_expiry())))


def count_in_memory(counts: Counts, limit: str, scope: str, address: str) -> Counted:
    """Count one request: what Flask-Limiter does for each takes longer than all the rest of a short answer.

    Where `limit` names several, what is told is the one that is used up, else the one with the shortest period."""
    told: Counted | None = None
    for each, key in _parsed(limit, address, scope):
        allowed, remaining, reset_time = counts.count(key, each.amount, each.get_expiry())
        if told is None or not allowed:
            told = Counted(allowed, each, remaining, int(reset_time + 1))
        if not allowed:
            break
    assert told, "a limit names at least one"
    return told


def _tell_limit(response: Response) -> Response:
    """How many more questions are answered, and from when on all of them again."""
    told: Counted | None = g.get("limit_told")
    if told is None:
        return response
    response.headers.extend(told.headers())
    if response.status_code in (429, 503):
        response.headers["Retry-After"] = str(max(0, int(told.reset_at - time.time())))
    return response


def _keep_retry_after_for_refusals(response: Response) -> Response:
    """Flask-Limiter tells also the answered ones to come back later."""
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)
    return response
