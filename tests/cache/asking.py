"""A process of its own that asks one question in many threads at once and prints what it was answered.

Run: python -m tests.cache.asking <threads> <lease_ms> <question>, with the settings in the environment. It asks when a line
comes in, and is patient with Redis and the database: on a busy machine healthy ones may take their time."""

from __future__ import annotations

import json
import sys
import threading

from okichat import create_app
from okichat.answer import Answer, last_answer
from okichat.cache import redis_shelf
from okichat.question import Question
from okichat.settings import Settings, read_environment
from okichat.storage import engine
from okichat.web.parts import EXTENSION, Parts


def main(threads: int, lease_ms: int, question: str) -> None:
    """Ask, and print one line of JSON: rung and cost of each answer."""
    redis_shelf._TIMEOUT_S = engine._LOCK_TIMEOUT_S = 30.0
    redis_shelf._LEASE_MS = lease_ms
    parts: Parts = create_app(Settings.from_environment(read_environment())).extensions[EXTENSION]
    parts.gpt.warm()
    print("ready", flush=True)
    sys.stdin.readline()
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(last_answer(parts.assistant.answer(Question.from_text(question))))

    visitors = [threading.Thread(target=ask) for _ in range(threads)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print(json.dumps([[answer.answered_by, answer.usage is not None] for answer in answers]), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
