"""A webhook on the loopback that keeps what is posted to it and fails on demand."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any

from tests.doubles.loopback import LoopbackHost


class WebhookHost(LoopbackHost):
    """`posts` has the JSON that arrived; `statuses` are the next replies, 200 when there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        self.url = f"http://{self.address}/services/T1?key=k"

    def take(self, path: str, headers: Message, body: bytes) -> int:
        """Keep it, unless the next status is another one than 200."""
        status = self.statuses.pop(0) if self.statuses else 200
        self.paths.append(path)
        if status == 200:
            self.posts.append(json.loads(body))
        return status
