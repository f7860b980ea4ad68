"""What one question costs each part: rows and bytes in the database, bytes in Redis and on the wire, processor time.

    .venv/bin/python bench/scale.py        # docs/scale.md quotes it; needs Redis and PostgreSQL

The app runs under gunicorn with its own configuration and real servers; only the model's host is a double."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import brotli  # noqa: E402
import psycopg  # noqa: E402 - only after the repository is on the path
import redis  # noqa: E402

from okichat.clock import SystemClock  # noqa: E402
from okichat.money.budget import Budget  # noqa: E402
from okichat.settings import Settings  # noqa: E402
from okichat.storage.engine import Store  # noqa: E402
from tests.doubles.openai_server import OpenAIServer  # noqa: E402
from tests.faults.gunicorn_app import GunicornApp, gunicorn_app  # noqa: E402
from tests.servers import postgres_server, redis_server  # noqa: E402

_QUESTIONS = 600
_VISITORS_AT_ONCE = 4
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SQLITE_ROWS = "SELECT (SELECT count(*) FROM turns), (SELECT count(*) FROM ledger), 0"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one question, on average."""

    cpu_ms: float
    received_bytes: float


def main() -> None:
    """Measure and print."""
    print(f"{_QUESTIONS} questions each, {_VISITORS_AT_ONCE} at once, streamed over the API\n")
    with OpenAIServer() as model, redis_server() as cache, postgres_server() as postgres:
        settings = {"OPENAI_BASE_URL": model.base_url, "OKICHAT_BUDGET_USD": "100000", "OKICHAT_THREADS": "16"}
        with gunicorn_app(starts=True, **settings) as app:
            store = app.log.parent / "okichat.db"
            grown = _grown(lambda: _sqlite_bytes(store), lambda: _report("GPT, SQLite", _ask(app, _different)))
            print(f"SQLite: {grown / _QUESTIONS:.0f} bytes a question, rows {_sqlite_rows(store)}")
        shared = {**settings, "DATABASE_URL": postgres.url, "REDIS_URL": cache.url, "OKICHAT_CACHE_TTL_S": "3600"}
        with gunicorn_app(starts=True, **shared) as app:
            _ask(app, _different, count=20)
            grown = _grown(
                lambda: _postgres_bytes(postgres.url), lambda: _report("GPT, Postgres and Redis", _ask(app, _different))
            )
            print(f"Postgres: {grown / _QUESTIONS:.0f} bytes a question, indexes included")
            _report("from the cache (Redis)", _ask(app, lambda _: _different(1)))
            print(f"first page with its files, compressed: {_page_bytes(app.port)} bytes")
            _redis_figures(cache.url)
            _budget_figures(postgres.url)
        with gunicorn_app(OPENAI_API_KEY="", OKICHAT_THREADS="16") as app:
            _report("knowledge base, SQLite", _ask(app, lambda number: ("Quels sont vos horaires ?", number)))


def _different(number: int) -> tuple[str, int]:
    return f"Pouvez-vous expliquer la déclaration de TVA numéro {number} d'une société à Montreuil ?", number


def _ask(app: GunicornApp, question: Callable[[int], tuple[str, int]], count: int = _QUESTIONS) -> Cost:
    before_s = _cpu_s(app)
    with ThreadPoolExecutor(_VISITORS_AT_ONCE) as pool:
        received_bytes = sum(pool.map(lambda number: _exchange(app.port, question(number)[0]), range(count)))
    cpu_ms = (_cpu_s(app) - before_s) * 1000 / count
    return Cost(cpu_ms, received_bytes / count)


def _exchange(port: int, question: str) -> int:
    """The bytes of head and body that the visitor receives."""
    body = json.dumps({"question": question}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        connection.request(
            "POST", "/api/chat", body, {"Content-Type": "application/json", "Accept": "text/event-stream"}
        )
        response = connection.getresponse()
        received = response.read()
    assert b"event: answer" in received, received[-300:]
    return len(received) + sum(len(name) + len(value) + 4 for name, value in response.getheaders())


def _cpu_s(app: GunicornApp) -> float:
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in app.workers())
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) * _TICK_S


def _report(name: str, cost: Cost) -> None:
    print(f"{name}: {cost.cpu_ms:.2f} ms of processor, {cost.received_bytes:.0f} bytes to the visitor")


def _grown(size: Callable[[], float], work: Callable[[], object]) -> float:
    before = size()
    work()
    return size() - before


def _sqlite_bytes(path: Path) -> float:
    with closing(sqlite3.connect(path)) as store:
        return float(
            store.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
        )


def _sqlite_rows(path: Path) -> str:
    with closing(sqlite3.connect(path)) as store:
        turns, ledger, _ = store.execute(_SQLITE_ROWS).fetchone()
    return f"turns {turns / _QUESTIONS:.1f}, ledger {ledger / _QUESTIONS:.1f}"


def _postgres_bytes(url: str) -> float:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        sizes = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        ).fetchone()
        assert sizes is not None
        return float(sizes[0])


def _page_bytes(port: int) -> int:
    """What a first visit downloads, as a browser asks for it."""
    total, waiting, seen = 0, ["/"], set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", path, headers={"Accept-Encoding": "br, gzip"})
            response = connection.getresponse()
            body = response.read()
            total += len(body) + sum(len(name) + len(value) + 4 for name, value in response.getheaders())
        if path == "/":
            page = brotli.decompress(body) if response.headers["Content-Encoding"] == "br" else gzip.decompress(body)
            waiting += sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode())) - seen)
    return total


def _budget_figures(url: str) -> None:
    """How often a second the money of one call can be set aside and settled: every call writes the row of its month."""
    store = Store(url)
    budget = Budget(store, SystemClock(), Settings(budget_usd=100_000, price_input_usd=0.1, price_output_usd=0.5))

    def call(number: int) -> None:
        reservation = budget.reserve(f"scale-{number}", "gpt-6-luna", 2000, 300)
        budget.settle(reservation, input_tokens=500, cached_input_tokens=0, output_tokens=40)

    started_s = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(2 * _QUESTIONS)))
    print(
        f"Budget in Postgres (no fsync): {2 * _QUESTIONS / (time.monotonic() - started_s):.0f} calls a second, 8 at once"
    )
    store.close()


def _redis_figures(url: str) -> None:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        answers = [int(client.memory_usage(key) or 0) for key in client.keys("*answer:*")]
        others = [int(client.memory_usage(key) or 0) for key in client.keys("*LIMITS*")]
        index = int(client.memory_usage("{okichat}:answers") or 0) / max(len(answers), 1)
        print(f"Redis: {sum(answers) / len(answers) + index:.0f} bytes a prepared answer ({len(answers)} of them)")
        print(
            f"Redis: {sum(others)} bytes for the limit of {len(others)} visitor, {_QUESTIONS * 2 + 20} questions counted"
        )


if __name__ == "__main__":
    main()
