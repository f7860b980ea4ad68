"""A whole app in this process, as the tests ask it things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from okichat import create_app
from okichat.settings import Settings
from okichat.web.parts import EXTENSION, Parts
from tests.doubles.clock import StoppedClock

STREAMING = {"HX-Request": "true", "Accept": "text/html, text/event-stream"}
FRAGMENT = {"HX-Request": "true", "Accept": "text/html"}


@dataclass
class Site:
    """One app with its own store. Beside it nothing goes on: who wants the upkeep calls its rounds, or starts its thread."""

    environment: dict[str, str]
    clock: StoppedClock | None = None
    app: Flask = field(init=False)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        """Build the app."""
        self.app = create_app(Settings.from_environment(self.environment), self.clock)
        self.app.before_request_funcs[None].remove(self.parts.upkeep.start)
        self.client = self.app.test_client()

    @property
    def parts(self) -> Parts:
        """What the factory has built."""
        parts = self.app.extensions[EXTENSION]
        assert isinstance(parts, Parts)
        return parts

    def post(self, question: object, **more: Any) -> TestResponse:
        """POST /api/chat."""
        return self.client.post("/api/chat", json={"question": question, **more})

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        """The JSON reply to a question that is answered."""
        response = self.post(question, **more)
        assert response.status_code == 200, response.get_data(as_text=True)
        reply = response.get_json()
        assert isinstance(reply, dict)
        return reply

    def submit(self, question: str, headers: dict[str, str] | None = None, **fields: str) -> TestResponse:
        """POST /chat, as a browser sends the form; without `headers` as one without JavaScript does."""
        return self.client.post("/chat", data={"question": question, **fields}, headers=headers or {})

    def command(self, *words: str, answer: str | None = None) -> Result:
        """What `python -m okichat …` says; `answer` is typed in where it asks."""
        return self.app.test_cli_runner().invoke(args=["okichat", *words], input=answer)

    def close(self) -> None:
        """Give everything back."""
        self.parts.close()
