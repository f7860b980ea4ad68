"""Prepared answers in Redis, and who of several processes asks the model."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from okichat.cache.shelf import MOST_ANSWERS, Circuit, Kept, ShelfAway
from okichat.clock import Clock
from okichat.monitoring.journal import Journal

T = TypeVar("T")
_TIMEOUT_S = 0.25
_MOST_CONNECTIONS = 32
_LEASE_MS = 3000
_PREFIX = "{okichat}:"  # the braces keep all keys in one slot of a cluster
_ORDER = f"{_PREFIX}answers"

# Only the process that holds a lease may end or prolong it: it may have run out and be another's by now.
_END = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_PROLONG = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"


class RedisShelf:
    """Answers in Redis, which forgets them by itself when their time is over."""

    def __init__(self, url: str, clock: Clock, journal: Journal) -> None:
        """`url` as settings.redis_url. Connects when it is first asked."""
        import redis  # not before somebody has one: it costs twenty megabytes
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=_MOST_CONNECTIONS,
            timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._redis: Any = redis.Redis(connection_pool=pool)
        self._error = redis.RedisError
        self._clock = clock
        self._circuit = Circuit(journal, "redis")
        self._start = secrets.token_hex(8)

    def read(self, key: str) -> Kept | None:
        """What is kept under `key`. Raises ShelfAway."""
        raw = self._ask(lambda: self._redis.get(f"{_PREFIX}answer:{key}"))
        return _kept(raw) if raw else None

    def write(self, key: str, kept: Kept) -> None:
        """Keep it. Raises ShelfAway."""
        left_s = int((kept.expires_at - self._clock.now()).total_seconds())
        if left_s > 0:
            self._ask(lambda: self._write(key, kept, left_s))

    def take(self, key: str) -> bool:
        """Whether this process may ask the model for `key`: no other one does. Raises ShelfAway."""
        return bool(self._ask(lambda: self._redis.set(_lease(key), self._token, nx=True, px=_LEASE_MS)))

    def prolong(self, key: str) -> None:
        """Say that this process is still at it; without that, another may take over within seconds. Raises ShelfAway."""
        self._ask(lambda: self._redis.eval(_PROLONG, 1, _lease(key), self._token, _LEASE_MS))

    def end(self, key: str) -> None:
        """Say that this process has finished. Raises ShelfAway."""
        self._ask(lambda: self._redis.eval(_END, 1, _lease(key), self._token))

    def note(self, name: str, value: str, for_s: int) -> None:
        """Keep a note for all processes. Raises ShelfAway."""
        self._ask(lambda: self._redis.set(f"{_PREFIX}{name}", value, ex=for_s))

    def noted(self, name: str) -> str | None:
        """What was noted under `name`, by whomever. Raises ShelfAway."""
        found: str | None = self._ask(lambda: self._redis.get(f"{_PREFIX}{name}"))
        return found

    def drop_note(self, name: str) -> None:
        """Forget it. Raises ShelfAway."""
        self._ask(lambda: self._redis.delete(f"{_PREFIX}{name}"))

    def is_first(self, name: str, for_s: int) -> bool:
        """Whether no other process has asked for `name` within that time; True also while Redis is away."""
        try:
            return bool(self._ask(lambda: self._redis.set(f"{_PREFIX}{name}", self._token, nx=True, ex=for_s)))
        except ShelfAway:
            return True

    def close(self) -> None:
        """Give the connections back; whoever asks next opens one again."""
        self._redis.connection_pool.disconnect()

    @property
    def _token(self) -> str:
        """Names this process; children of a fork are others."""
        return f"{self._start}-{os.getpid()}"

    def _write(self, key: str, kept: Kept, left_s: int) -> None:
        raw = json.dumps({"answer": kept.answer, "expires_at": kept.expires_at.isoformat()})
        with self._redis.pipeline(transaction=False) as steps:
            steps.set(f"{_PREFIX}answer:{key}", raw, ex=left_s)
            steps.zadd(_ORDER, {key: self._clock.now().timestamp()})
            steps.zcard(_ORDER)
            count = steps.execute()[-1]
        if count > MOST_ANSWERS:
            oldest = self._redis.zpopmin(_ORDER, count - MOST_ANSWERS)
            self._redis.delete(*(f"{_PREFIX}answer:{name}" for name, _ in oldest))

    def _ask(self, ask: Callable[[], T]) -> T:
        self._circuit.enter()
        try:
            answer = ask()
        except (self._error, OSError, ValueError) as error:
            self._circuit.failed(error)
            raise ShelfAway from error
        self._circuit.answered()
        return answer


def _lease(key: str) -> str:
    return f"{_PREFIX}lead:{key}"


def _kept(raw: str) -> Kept:
    data = json.loads(raw)
    return Kept(data["answer"], datetime.fromisoformat(data["expires_at"]))
