"""How often answers stood on each topic, and what visitors said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TopicUse:
    """Of one topic."""

    hits: int = 0
    up: int = 0
    down: int = 0

    def __add__(self, other: TopicUse) -> TopicUse:
        """Both together."""
        return TopicUse(self.hits + other.hits, self.up + other.up, self.down + other.down)


Topics = Mapping[tuple[str, str], TopicUse]


def sum_of_topics(topics: Iterable[Topics]) -> dict[tuple[str, str], TopicUse]:
    """All of them together."""
    total: dict[tuple[str, str], TopicUse] = {}
    for uses in topics:
        for topic, use in uses.items():
            total[topic] = total[topic] + use if topic in total else use
    return total
