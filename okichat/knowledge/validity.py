"""Topics that hold only until a day: the owner hears of it in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from okichat.knowledge.library import Library
from okichat.knowledge.topic_file import Topic
from okichat.monitoring.journal import Journal

WARNED_BEFORE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Ending:
    """A topic whose last day is near or past. `days_left` is 0 on the last day and negative after it."""

    topic: Topic
    days_left: int


def endings(library: Library, day: date) -> Iterator[Ending]:
    """The topics that hold no more than 30 days from `day` on, by language and name."""
    for language in library.languages:
        for topic in library.topics(language):
            if topic.valid_until and (left := (topic.valid_until - day).days) <= WARNED_BEFORE_DAYS:
                yield Ending(topic, left)


class ValidityWatch:
    """Tells the journal of such topics, each once a day."""

    def __init__(self, library: Library, journal: Journal, today: Callable[[], date]) -> None:
        self._library = library
        self._journal = journal
        self._today = today
        self._told_on: date | None = None

    def look(self) -> None:
        """To be called now and then."""
        day = self._today()
        if day == self._told_on:
            return
        self._told_on = day
        for ending in endings(self._library, day):
            name = "topic_ends" if ending.days_left >= 0 else "topic_ended"
            file = f"{ending.topic.language}/{ending.topic.slug}.md"
            self._journal.event(name, file=file, days_left=ending.days_left)
