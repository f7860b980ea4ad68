"""What one process has learned about the model's host, told to the others by Redis."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shelf import ShelfAway
from okichat.clock import Clock
from okichat.settings import Settings
from okichat.sources.breaker import Pause


class PauseNews:
    """Pauses by model, for all who use the same key at the same host. While Redis is away each process learns by itself."""

    def __init__(self, redis: RedisShelf, clock: Clock, settings: Settings) -> None:
        self._redis = redis
        self._clock = clock
        self._since = clock.now()
        self._account = f"{settings.openai_base_url} {settings.openai_api_key}"

    def tell(self, model: str, pause: Pause) -> None:
        """This process has learned that the model refuses whoever asks."""
        now = self._clock.now()
        note = {"cause": pause.cause, "notice": pause.notice, "until": pause.until.isoformat(), "at": now.isoformat()}
        left_s = int((pause.until - now).total_seconds())
        try:
            self._redis.note(self._name(model), json.dumps(note), max(left_s, 1))
        except ShelfAway:
            return

    def tell_recovery(self, model: str) -> None:
        """It answers again."""
        try:
            self._redis.drop_note(self._name(model))
        except ShelfAway:
            return

    def hear(self, model: str) -> Pause | None:
        """The pause that was told last; one from before this process's start may be what it was started anew for."""
        try:
            raw = self._redis.noted(self._name(model))
        except ShelfAway:
            return None
        if raw is None:
            return None
        note = json.loads(raw)
        if datetime.fromisoformat(note["at"]) < self._since:
            return None
        return Pause(note["cause"], note["notice"], datetime.fromisoformat(note["until"]))

    def _name(self, model: str) -> str:
        return f"pause:{hashlib.sha256(f'{self._account} {model}'.encode()).hexdigest()[:24]}"
