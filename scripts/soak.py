"""Many visitors, a random fault every few seconds, Redis killed again and again, one restart in the middle.

    make soak                        # a minute
    make soak ARGS="--minutes 20"    # the long one

The app runs under gunicorn with its own configuration, with a real Redis; only the model's host is a double. At the end:
every question answered once, no 5xx, memory flat, nothing leaked; else it ends with an error."""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.doubles.openai_faults import FAULTS  # noqa: E402 - only after the repository is on the path
from tests.doubles.openai_server import OpenAIServer  # noqa: E402
from tests.faults.asking import JSON, WAYS, ask  # noqa: E402
from tests.faults.gunicorn_app import GunicornApp, gunicorn_app  # noqa: E402
from tests.servers import RedisServer, redis_server  # noqa: E402

# These stop GPT for ten minutes or more, as they should, and would leave nothing to soak.
_LONG_PAUSES = {"invalid_key", "forbidden", "model_not_found", "insufficient_quota", "rate_limited_long"}
_FAULT_EVERY_S = (2.0, 6.0)
_REDIS_DIES_EVERY_S = (10.0, 20.0)
_THINKS_S = (0.5, 4.0)
_SETTLES_S = 8.0
_MOST_GROWTH = 1.10
_MOST_TRIES = 60  # far more than a restart takes
_MORE_FILES = 16  # the pools of the database and of Redis fill as they are needed; a leak is hundreds
_MOST_CONNECTIONS = 2
_THREADS = 96


@dataclass
class Tally:
    """What all visitors together have seen."""

    asked: int = 0
    answered_by: Counter[str] = field(default_factory=Counter)
    server_errors: Counter[int] = field(default_factory=Counter)
    asked_again: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    redis_kills: int = 0
    times_s: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the worker holds."""

    memory_kib: int
    threads: int
    open_files: int

    @classmethod
    def of(cls, app: GunicornApp) -> Footprint:
        """Of this app, now."""
        return cls(app.memory_kib(), app.threads(), app.open_files())


def main() -> int:
    """Run the soak and print its figures."""
    options = _options()
    chance = random.Random(options.seed)
    print(f"{options.visitors} visitors, {options.minutes:g} minutes, seed {options.seed}", flush=True)
    with OpenAIServer() as model, redis_server() as redis:
        model.always_reply(token_delay_s=0.02)
        settings = {
            "OPENAI_BASE_URL": model.base_url,
            "REDIS_URL": redis.url,
            "OKICHAT_DEADLINE_S": "4",
            "OKICHAT_FIRST_TOKEN_S": "2",
            "OKICHAT_CACHE_TTL_S": "20",
            "OKICHAT_BUDGET_USD": "100000",
            "OKICHAT_THREADS": str(_THREADS),
        }
        with gunicorn_app(starts=True, **settings) as app:
            return _soak(app, model, redis, options, chance)


def _soak(
    app: GunicornApp, model: OpenAIServer, redis: RedisServer, options: argparse.Namespace, chance: random.Random
) -> int:
    tally, stop = Tally(), threading.Event()
    questions = _questions()
    jobs = [lambda: _break_the_model(model, tally, stop, chance), lambda: _kill_redis(redis, tally, stop, chance)]
    jobs += [lambda: _visit(app, questions, tally, stop)] * options.visitors
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    duration_s = options.minutes * 60
    time.sleep(duration_s / 3)
    stopped_s = _restart(app)
    time.sleep(max(duration_s / 3, 15))
    before = Footprint.of(app)
    time.sleep(duration_s / 3)
    stop.set()
    for thread in threads:
        thread.join()
    time.sleep(_SETTLES_S)
    _wait_for_gpt(app)
    return _report(tally, stopped_s, before, Footprint.of(app), model.open_connections, app)


def _wait_for_gpt(app: GunicornApp) -> None:
    """Ask until a pause is over and GPT answers: with that call the client closes the connections that nobody has used lately."""
    for number in range(_MOST_TRIES):
        if ask(app.port, JSON, f"Quels sont vos tarifs pour {number} salariés ?").answered_by == "gpt":
            return
        time.sleep(1)


def _visit(app: GunicornApp, questions: list[str], tally: Tally, stop: threading.Event) -> None:
    """One visitor after the other: each asks one question, and asks it again only if the connection broke."""
    chance = random.Random()
    while not stop.is_set():
        way, question, key = chance.choice(WAYS), chance.choice(questions), f"{chance.getrandbits(64):016x}"
        with tally.lock:
            tally.asked += 1
        for _ in range(_MOST_TRIES):
            if _is_answered(app, way, question, key, tally):
                break
            time.sleep(0.5)
        stop.wait(chance.uniform(*_THINKS_S))


def _is_answered(app: GunicornApp, way: str, question: str, key: str, tally: Tally) -> bool:
    try:
        reply = ask(app.port, way, question, key=key)
    except OSError:
        reply = None
    with tally.lock:
        if reply is not None and reply.status >= 500:
            tally.server_errors[reply.status] += 1
        if reply is None or not reply.is_whole:
            tally.asked_again[f"{way}: {reply.status if reply else 'no connection'}"] += 1
            return False
        tally.answered_by[reply.answered_by] += 1
        tally.times_s.append(reply.took_s)
        return True


def _break_the_model(model: OpenAIServer, tally: Tally, stop: threading.Event, chance: random.Random) -> None:
    kinds = ["connection refused", *(kind for kind in FAULTS if kind not in _LONG_PAUSES)]
    while not stop.is_set():
        kind = chance.choice(kinds)
        tally.faults[kind] += 1
        if kind == "connection refused":
            model.refuse_connections()
        else:
            model.always_fail(kind)
        stop.wait(chance.uniform(*_FAULT_EVERY_S) / 2)
        if kind == "connection refused":
            model.accept_connections()
        model.always_reply(token_delay_s=0.02)
        stop.wait(chance.uniform(*_FAULT_EVERY_S))
        model.forget_requests()


def _kill_redis(redis: RedisServer, tally: Tally, stop: threading.Event, chance: random.Random) -> None:
    while not stop.wait(chance.uniform(*_REDIS_DIES_EVERY_S)):
        redis.kill()
        tally.redis_kills += 1
        stop.wait(chance.uniform(1, 5))
        redis.start()


def _restart(app: GunicornApp) -> float:
    """As a host restarts an app: SIGTERM, and the next one when it is gone."""
    app.terminate()
    stopped_s = app.wait(60)
    app.start()
    return stopped_s


def _report(
    tally: Tally, stopped_s: float, before: Footprint, after: Footprint, connections: int, app: GunicornApp
) -> int:
    answered = sum(tally.answered_by.values())
    times_s = sorted(tally.times_s)
    growth = after.memory_kib / before.memory_kib
    print(
        f"questions: {tally.asked} asked, {answered} answered {dict(tally.answered_by)}, 5xx: {dict(tally.server_errors)}"
    )
    print(f"asked again because the connection broke (the restart): {dict(tally.asked_again)}")
    print(
        f"time: p50 {times_s[len(times_s) // 2]:.2f} s, p95 {times_s[len(times_s) * 95 // 100]:.2f} s, max {times_s[-1]:.2f} s"
    )
    print(f"faults: {sum(tally.faults.values())} of {len(tally.faults)} kinds; Redis killed {tally.redis_kills} times")
    print(f"restart: gone {stopped_s:.1f} s after SIGTERM")
    print(f"memory: {before.memory_kib / 1024:.1f} -> {after.memory_kib / 1024:.1f} MiB ({growth:.2f})")
    print(f"threads: {before.threads} -> {after.threads}; open files: {before.open_files} -> {after.open_files}")
    print(f"connections to the model's host after {_SETTLES_S:g} s of silence and one more answer: {connections}")
    wrong = {
        "not every question was answered once": answered != tally.asked,
        "5xx": bool(tally.server_errors),
        "memory grows": growth > _MOST_GROWTH,
        "threads leak": after.threads > _THREADS + 8,
        "files or connections leak": after.open_files > before.open_files + _MORE_FILES
        or connections > _MOST_CONNECTIONS,
        "defects": "_crashed" in app.events() or "Exception on /" in app.events(),
    }
    print("holes:", ", ".join(name for name, is_wrong in wrong.items() if is_wrong) or "none")
    return int(any(wrong.values()))


def _questions() -> list[str]:
    lines = (ROOT / "tests" / "evaluation" / "tune.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: %(default)s)")
    parser.add_argument("--visitors", type=int, default=50, help="how many at once (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the faults")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
