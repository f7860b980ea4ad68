"""How often each source of answers passed, and why."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from okichat.storage.tables import turns


def count_passes(connection: Connection, *which: ColumnElement[bool]) -> Counter[tuple[str, str]]:
    """By source and reason, in the turns that fulfil the conditions.

    A turn keeps its passes as one list, and there are only few different ones: the database counts the lists."""
    passed = cast(turns.c.passed, Text)
    query = select(passed, func.count()).where(turns.c.passed.is_not(None), *which).group_by(passed)
    found: Counter[tuple[str, str]] = Counter()
    for text, count in connection.execute(query):
        for each in json.loads(text) or ():
            found[each["source"], each["reason"]] += count
    return found
