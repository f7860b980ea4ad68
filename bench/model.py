"""The model in a bench: the loopback double of the tests, and its client called directly as the floor."""

from __future__ import annotations

import http.client
import json
import statistics
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bench.serving import Served
from tests.doubles.openai_server import MODELS, OpenAIServer

KEY = "sk-bench"


class Model:
    """A model's host that answers at once. A context manager."""

    def __init__(self, *, refuses: bool = False) -> None:
        """`refuses`: each question, for what it says, which is no reason to pause the model."""
        self._server = OpenAIServer()
        if refuses:
            self._server.always_fail("content_policy_400")

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self._server.base_url

    @property
    def settings(self) -> dict[str, str]:
        """What Okichat needs to ask it."""
        return self.settings_at(self.base_url)

    @staticmethod
    def settings_at(base_url: str) -> dict[str, str]:
        """What Okichat needs to ask a model at that address, with money enough."""
        return {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": base_url,
            "OPENAI_MODEL": MODELS[0],
            "OKICHAT_BUDGET_USD": "1000",
        }


def answers_over_the_client(model: Model, okichat: Served) -> dict[str, Callable[[int], float]]:
    """For "okichat" and for "client": ask so many new questions one by one; gives the median in milliseconds."""
    from openai import OpenAI

    client = OpenAI(base_url=model.base_url, api_key=KEY, max_retries=0)
    connection = http.client.HTTPConnection("127.0.0.1", okichat.port, timeout=30)

    def over_the_api(question: str) -> None:
        body = json.dumps({"question": question})
        connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
        reply = json.loads(connection.getresponse().read())
        if reply["source"] != "gpt":
            raise SystemExit(f"bench: the model did not answer: {reply}")

    def directly(question: str) -> None:
        client.chat.completions.create(model=MODELS[0], messages=[{"role": "user", "content": question}])

    return {
        "okichat": lambda count: _median_ms(over_the_api, count),
        "client": lambda count: _median_ms(directly, count),
    }


def _median_ms(ask: Callable[[str], None], count: int) -> float:
    taken_ms = []
    for _ in range(count):
        question = f"Tenez-vous les comptes de la société {uuid.uuid4().hex[:6]} ?"
        begun = time.perf_counter()
        ask(question)
        taken_ms.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken_ms)
