"""What visitors asked in vain, in groups, as the owner works through them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, or_, select, update

from okichat.clock import Clock
from okichat.knowledge.search import Search
from okichat.knowledge.suggestions import EXAMPLE, Reader, Suggestion, groups, newest_questions, wanting
from okichat.knowledge.topic_file import Topic
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import turns

_MOST_QUESTIONS = 2_000
_LEAST_READ = 100  # questions that are read however long it takes
_AT_ONCE = 500  # turns that one statement marks


@dataclass(frozen=True, slots=True)
class Groups:
    """The most worthwhile first. `is_whole`: nothing was left out for want of time."""

    found: list[Suggestion]
    is_whole: bool


class Unanswered:
    """The questions of the last days that only a human could answer, or whose answer did not help, until the owner deals with
    them. Methods raise StoreUnavailable."""

    def __init__(self, store: Store, search: Search, clock: Clock, days: int) -> None:
        self._store = store
        self._search = search
        self._clock = clock
        self._days = timedelta(days=days)
        self._reader = Reader(search)
        self._last: tuple[list[tuple[Any, ...]], list[Suggestion]] = ([], [])  # what was grouped, and the groups

    def prepare(self) -> None:
        """Read what has come, so that the owner need not wait for it."""
        self.groups()

    def groups(self, patience_s: float | None = None) -> Groups:
        """Those that the owner has not dealt with."""
        everything, is_whole = self._all(patience_s)
        return Groups([group for group in everything if group.turns and not group.ignored], is_whole)

    def group_of(self, turn: str) -> Suggestion | None:
        """The group that waits for the owner and holds this question."""
        return next((group for group in self.groups().found if turn in group.turns), None)

    def nearest_topics(self, group: Suggestion, most: int) -> list[Topic]:
        """The topics the question may belong to, the likeliest first."""
        return self._search.nearest(Question(group.question, group.language), most)

    def mark(self, group: Suggestion, handled: str) -> None:
        """The owner has dealt with the group: EXAMPLE, NEW_TOPIC or IGNORED, and then it stays away for good."""
        self._write(group.turns, handled)

    def recall(self, turn: str) -> bool:
        """Wait for the owner again with the questions that were ignored, or made an example, together with this one; whether
        there are any."""
        found, _ = self._all(None)
        together = next((those for group in found for those in (group.ignored, group.examples) if turn in those), ())
        self._write(together, None)
        return bool(together)

    def example_of(self, turn: str) -> tuple[str, str] | None:
        """Language and words of a question of which the owner has made an example; None of any other."""
        query = select(turns.c.language, turns.c.question).where(turns.c.id == turn, turns.c.handled == EXAMPLE)
        with self._store.read() as connection:
            row = connection.execute(query.where(turns.c.question.is_not(None))).first()
        return (row.language, row.question) if row else None

    def _all(self, patience_s: float | None) -> tuple[list[Suggestion], bool]:
        in_vain = or_(turns.c.answered_by == "handoff", turns.c.feedback == "down")
        query = newest_questions(self._clock.now() - self._days).where(in_vain).limit(_MOST_QUESTIONS)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        until_s = time.monotonic() + patience_s if patience_s is not None else None
        readable = list(self._readable(rows, until_s))
        seen = [(row.id, row.handled, row.feedback) for row in readable]
        known, found = self._last
        if seen != known:
            found = groups(wanting(readable, self._reader))
            self._last = (seen, found)
        return found, len(readable) == len(rows)

    def _readable(self, rows: Sequence[Row[Any]], until_s: float | None) -> Iterator[Row[Any]]:
        """Those that were read before, and as many of the others as there is time to read."""
        for number, row in enumerate(rows):
            has_time = until_s is None or number < _LEAST_READ or time.monotonic() < until_s
            if has_time or self._reader.knows(row.question, row.language):
                self._reader.read(row.question, row.language)
                yield row

    def _write(self, which: Sequence[str], handled: str | None) -> None:
        for begin in range(0, len(which), _AT_ONCE):
            these = turns.c.id.in_(which[begin : begin + _AT_ONCE])
            with self._store.write() as connection:
                connection.execute(update(turns).where(these).values(handled=handled))
