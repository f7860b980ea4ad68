"""The rows of `make bench` about streams: the first word, the short request beside them, a thousand at once."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.model import Model
from bench.serving import served
from tests.servers import ServerMissing, redis_server

HERE = Path(__file__).parent
CROWDS = (("unloaded", 12, 18.0, 8), ("50 visitors", 50, 4.0, 120), ("200 visitors", 200, 8.0, 190))
MANY, MANY_SPREAD_S, MANY_TOKENS = 1000, 9.0, 190
MANY_SETTINGS = {"WEB_CONCURRENCY": "2", "OKICHAT_THREADS": "600", "SECRET_KEY": secrets.token_hex(32)}
Row = tuple[str, ...]


def rows_of_streams() -> Iterator[Row]:
    """One row after the other, as they are measured. The floor is the model itself, read by the same visitors."""
    for name, visitors, spread_s, tokens in CROWDS:
        with paced_model(tokens) as model, served("okichat", **_settings(model)) as okichat:
            if visitors == CROWDS[0][1]:
                cold = streams("chat", okichat.port, 10, 15.0)["first_ms"]
                yield _row("first word, first visitor after the start and tenth, ms", cold[0], cold[9])
            okichat.settle()
            ours, theirs = (
                streams("chat", okichat.port, visitors, spread_s),
                streams("model", model, visitors, spread_s),
            )
            yield _row(f"first word, {name}, p95 in ms", p95(ours["first_ms"]), p95(theirs["first_ms"]))
        if visitors == CROWDS[-1][1]:
            yield (f"short request while {visitors} stream, p95 in ms", f"{p95(ours['short_ms']):.0f}", "", "", "")
    with contextlib.suppress(ServerMissing), redis_server() as redis:
        yield from _many(redis.url)


def _many(redis_url: str) -> Iterator[Row]:
    with paced_model(MANY_TOKENS) as model:
        settings = {**_settings(model), **MANY_SETTINGS, "REDIS_URL": redis_url}
        with served("okichat", **settings) as okichat:
            okichat.settle()
            memory_mb: list[float] = []
            looking = threading.Timer(MANY_SPREAD_S + 2, lambda: memory_mb.append(okichat.memory_of_all_mb()))
            looking.start()
            ours = streams("chat", okichat.port, MANY, MANY_SPREAD_S)
            looking.join()
        theirs = streams("model", model, MANY, MANY_SPREAD_S)
    late = ours["first_ms"].count(None)
    yield _row(f"first word, {MANY} visitors, 2 processes, p95 in ms", p95(ours["first_ms"]), p95(theirs["first_ms"]))
    yield (f"answered by the knowledge base instead, of {MANY}", str(late - ours["broken"]), "", "", "")
    yield (f"answers not whole, of {MANY}", str(ours["broken"]), "", "", "")
    yield (f"memory with {MANY} streams, 2 processes together, MB", f"{memory_mb[0]:.0f}", "", "", "")


def _settings(model_port: int) -> dict[str, str]:
    return Model.settings_at(f"http://127.0.0.1:{model_port}/v1")


def _row(name: str, ours: float, theirs: float) -> Row:
    return name, f"{ours:.0f}", f"{theirs:.0f}", f"{ours - theirs:+.0f} ms", ""


@contextlib.contextmanager
def paced_model(tokens: int) -> Iterator[int]:
    """The port of a model that streams at a steady pace, in a process of its own."""
    command = [sys.executable, str(HERE / "paced_model.py"), str(tokens)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)


def streams(kind: str, port: int, visitors: int, spread_s: float) -> dict[str, Any]:
    """What so many visitors saw who came within `spread_s`."""
    command = [sys.executable, str(HERE / "stream_readers.py"), kind, str(port), str(visitors), str(spread_s)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=spread_s + 120, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def p95(values: list[float | None]) -> float:
    """Of those that came; where none did, there is nothing to compare."""
    came = sorted(value for value in values if value is not None)
    if not came:
        raise SystemExit("bench: no answer came whole")
    return came[int(len(came) * 0.95)]
