"""The anonymous names of visitors, once the words of their questions are forgotten.

Whoever knows SECRET_KEY and a day could try addresses until one gives the name of that day. So chance takes its place; two
questions of one visitor keep the same name, and the figures of the day stay what they were."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from okichat.storage.engine import Store
from okichat.storage.tables import turns

_MARK = "~"  # no name has it, see guard/visitors.py
_ROWS_A_WRITE = 500
_NAMED = turns.c.visitor.not_like(f"{_MARK}%")


def forget_names(store: Store, before: datetime) -> None:
    """Forget those of whole days (UTC, as the names change) before `before`. Raises StoreUnavailable."""
    end = before.replace(hour=0, minute=0, second=0, microsecond=0)
    while (first := _first_named(store, end)) is not None:
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        _forget_day(store, day, day + timedelta(days=1))


def _first_named(store: Store, before: datetime) -> datetime | None:
    query = select(turns.c.asked_at).where(turns.c.asked_at < before, _NAMED).order_by(turns.c.asked_at).limit(1)
    with store.read() as connection:
        found: datetime | None = connection.scalar(query)
    return found


def _forget_day(store: Store, begin: datetime, end: datetime) -> None:
    query = select(turns.c.id, turns.c.visitor).where(turns.c.asked_at >= begin, turns.c.asked_at < end, _NAMED)
    with store.read() as connection:
        rows = connection.execute(query).all()
    by_chance: defaultdict[str, str] = defaultdict(lambda: _MARK + secrets.token_hex(7))
    renamed = [{"turn": row.id, "name": by_chance[row.visitor]} for row in rows]
    rename = update(turns).where(turns.c.id == bindparam("turn")).values(visitor=bindparam("name"))
    for start in range(0, len(renamed), _ROWS_A_WRITE):
        with store.write() as connection:
            connection.execute(rename, renamed[start : start + _ROWS_A_WRITE])
