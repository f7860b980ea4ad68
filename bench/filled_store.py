"""Fills a store with a year of made-up questions, as fast as the database takes them; always the same ones.

Usage: python bench/filled_store.py [rows]      into the database of DATABASE_URL, which must hold no questions yet"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert

from okichat.content import folder
from okichat.knowledge.library import Library, load_library
from okichat.language import LANGUAGES
from okichat.monitoring.security_log import KINDS
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import balances, messages, turns

ROWS = 1_000_000
DAYS = 365
BATCH = 10_000
TIMEZONE = ZoneInfo("Europe/Paris")
RUNGS = {"gpt": 42, "cache": 12, "local": 22, "small_talk": 8, "handoff": 14, None: 2}
HOURS = [1, 1, 1, 1, 1, 2, 4, 8, 16, 22, 24, 22, 16, 18, 22, 22, 20, 16, 12, 10, 9, 7, 4, 2]
NOTICES = ("timeout", "model_unavailable", "rate_limited", "budget_spent")
SECONDS = {"gpt": 2.4, "cache": 0.02, "local": 0.03, "small_talk": 0.01, "handoff": 0.03}
PASSES = {
    "gpt": [("small_talk", "no_small_talk")],
    "local": [("small_talk", "no_small_talk"), ("gpt", "timeout")],
    "handoff": [("small_talk", "no_small_talk"), ("gpt", "timeout"), ("local", "nothing_found")],
}
WORDS = "le la les une pour avec vous nous votre cabinet comptes dossier mission tarif bilan paie conseil rendez-vous".split()
THINGS = "trampolines girafes pizzas guitares tracteurs bougies perruques cactus violons trottinettes aquariums chapeaux".split()
DETAILS = ("name", "phone", "whatsapp", "email", "address", "hours", "booking_url", "retention_days")
TURN = tuple(column.name for column in turns.columns if column.name not in ("flags", "handled"))
ENTRY = (
    "at", "month", "kind", "reservation", "request", "model", "input_tokens", "cached_input_tokens", "output_tokens",
    "price_version", "spent_change_microusd", "reserved_change_microusd",
)  # fmt: skip
SECURITY = ("id", "at", "kind", "visitor", "detail", "times")
WORST_MICROUSD = 2_000

Row = dict[str, Any]


def fill(store: Store, rows: int, until: datetime) -> None:
    """So many questions of the year before `until`, with what GPT cost; and messages to the humans."""
    spent: Counter[str] = Counter()
    _copy(store, "turns", TURN, ([row[name] for name in TURN] for row in made_up_turns(rows, until)))
    _copy(store, "ledger", ENTRY, ([row[name] for name in ENTRY] for row in _entries(rows, until, spent)))
    events = sorted(_security(rows // 20, until), key=lambda event: event[1])  # they are written as they happen
    _copy(store, "security_events", SECURITY, iter(events))
    with store.write() as connection:
        for month, amount in spent.items():
            row = {"month": month, "spent_microusd": amount, "reserved_microusd": 0}
            connection.execute(insert(balances), row)
        connection.execute(insert(messages), [_message(number, until) for number in range(2_000)])


def made_up_turns(rows: int, until: datetime) -> Iterator[Row]:
    """The questions, the earliest first."""
    made_up = random.Random(rows)
    asked = _examples(shipped_library())
    moments = sorted(_moments(made_up, rows, until))
    conversation = visitor = ""
    left = 0
    for number, at in enumerate(moments):
        if left == 0:
            left = made_up.choice((1, 1, 2, 3, 5))
            conversation, visitor = f"{made_up.getrandbits(128):032x}", f"{made_up.getrandbits(64):016x}"
        left -= 1
        yield _turn(made_up, number, at, conversation, visitor, made_up.choice(asked))


def shipped_library() -> Library:
    """The topics that Okichat comes with."""
    return load_library(folder("knowledge"), {language: dict.fromkeys(DETAILS, "12") for language in LANGUAGES})


def _examples(library: Library) -> list[tuple[str, str, str]]:
    """A question, the topic it asks for, and the topic's title."""
    return [(text, topic.slug, topic.title) for topic in library.topics("fr") for text in topic.questions]


def _moments(made_up: random.Random, rows: int, until: datetime) -> Iterator[datetime]:
    first = (until - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    while rows > 0:
        day = first + timedelta(days=made_up.randrange(DAYS + 1))
        hour = made_up.choices(range(24), HOURS)[0]
        at = day + timedelta(hours=hour, microseconds=made_up.randrange(3_600_000_000))
        if at < until and (at.weekday() < 5 or made_up.random() < 0.3):
            rows -= 1
            yield at


def _turn(
    made_up: random.Random, number: int, at: datetime, conversation: str, visitor: str, asked: tuple[str, str, str]
) -> Row:
    text, slug, title = asked
    rung = made_up.choices(list(RUNGS), list(RUNGS.values()))[0]
    row: Row = dict.fromkeys(TURN)
    row.update(id=f"{number:016x}", conversation=conversation, asked_at=at, language="fr", visitor=visitor)
    row["question"] = (
        f"{text} {made_up.choice(WORDS)} {made_up.choice(WORDS)}" if rung != "handoff" else _in_vain(made_up)
    )
    if rung is None:
        return row
    took_s = SECONDS[rung] * made_up.lognormvariate(0, 0.4)
    row.update(answered_by=rung, answered_at=at + timedelta(seconds=took_s), first_word_ms=int(took_s * 300))
    row["answer"] = " ".join(made_up.choices(WORDS, k=50))
    cited = [{"topic": slug, "title": title, "link": None}] if rung in ("gpt", "cache", "local") else []
    row["citations"], row["suggestions"] = json.dumps(cited, ensure_ascii=False), "[]"
    row["passed"] = json.dumps([{"source": source, "reason": reason} for source, reason in PASSES.get(rung, ())])
    row["confidence"] = round(made_up.random(), 3)
    if rung == "local" and made_up.random() < 0.15:
        row["notice"] = made_up.choice(NOTICES)
    if made_up.random() < 0.08:
        row["feedback"] = "up" if made_up.random() < 0.75 else "down"
    if rung == "gpt":
        row.update(model="gpt-6-luna", input_tokens=1_800, cached_input_tokens=0, output_tokens=120, cost_microusd=600)
    return row


def _in_vain(made_up: random.Random) -> str:
    """A question that no topic answers; some come often."""
    thing = made_up.choice(THINGS) if made_up.random() < 0.6 else f"{made_up.choice(THINGS)} {made_up.choice(THINGS)}"
    return f"{made_up.choice(('Vendez-vous', 'Avez-vous', 'Où trouver', 'Proposez-vous'))} {thing} ?"


def _entries(rows: int, until: datetime, spent: Counter[str]) -> Iterator[Row]:
    """Two rows of the ledger for each answer of GPT."""
    for turn in made_up_turns(rows, until):
        if turn["answered_by"] != "gpt":
            continue
        month = turn["asked_at"].astimezone(TIMEZONE).strftime("%Y-%m")
        spent[month] += turn["cost_microusd"]
        same = {"month": month, "reservation": turn["id"], "request": turn["id"], "model": turn["model"]}
        row = dict.fromkeys(ENTRY, None) | same | {"price_version": "2026-09-22"}
        yield row | {
            "at": turn["asked_at"],
            "kind": "reserve",
            "spent_change_microusd": 0,
            "reserved_change_microusd": WORST_MICROUSD,
        }
        yield row | {
            "at": turn["answered_at"],
            "kind": "settle",
            "input_tokens": turn["input_tokens"],
            "cached_input_tokens": 0,
            "output_tokens": turn["output_tokens"],
            "spent_change_microusd": turn["cost_microusd"],
            "reserved_change_microusd": -WORST_MICROUSD,
        }


def _message(number: int, until: datetime) -> Row:
    at = until - timedelta(minutes=20 * number)
    state = "delivered" if number < 40 else "answered"
    contact = {"name": "Camille Martin", "email": f"camille{number}@exemple.fr", "text": "Rappelez-moi, merci."}
    keys = {"reference": f"{number:08d}", "fingerprint": f"{number:064x}", "language": "fr"}
    return keys | contact | {"received_at": at, "state": state, "tries": 1, "next_try_at": at}


def _security(rows: int, until: datetime) -> Iterator[list[Any]]:
    """So many refusals of the last thirty days by visitor; before that one row an hour and kind, as the retention leaves it."""
    made_up = random.Random(rows)
    for number in range(rows):
        at = until - timedelta(seconds=made_up.randrange(30 * 86_400))
        visitor = f"{made_up.randrange(2_000):016x}"
        yield [f"{number:032x}", at, made_up.choice(KINDS), visitor, None, made_up.randint(1, 5)]
    for hour in range(30 * 24, DAYS * 24):
        for kind in KINDS:
            yield [f"{kind}-{hour}", until - timedelta(hours=hour), kind, None, None, made_up.randint(1, 200)]


def _copy(store: Store, table: str, columns: Sequence[str], rows: Iterator[list[Any]]) -> None:
    """Past SQLAlchemy, which takes several times as long."""
    names = ", ".join(columns)
    raw = store.engine.raw_connection()
    try:
        cursor = raw.cursor()
        if store.is_sqlite:
            marks = ", ".join("?" * len(columns))
            cursor.execute("BEGIN IMMEDIATE")
            insertion = f"INSERT INTO {table} ({names}) VALUES ({marks})"
            while batch := [_for_sqlite(row) for row in islice(rows, BATCH)]:
                cursor.executemany(insertion, batch)
        else:
            cursor.execute("SET statement_timeout = 0")
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.execute(f"ANALYZE {table}")
        raw.commit()
    finally:
        raw.close()


def _for_sqlite(row: list[Any]) -> list[Any]:
    return [f"{cell:%Y-%m-%d %H:%M:%S.%f}" if isinstance(cell, datetime) else cell for cell in row]


def timed(work: Callable[[], object]) -> float:
    """How many seconds it took."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Fill the database of DATABASE_URL."""
    store = Store(os.environ["DATABASE_URL"])
    schema.prepare(store)
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(f"{rows:,} questions in {timed(lambda: fill(store, rows, datetime.now(UTC))):.0f} s")
    store.close()


if __name__ == "__main__":
    main()
