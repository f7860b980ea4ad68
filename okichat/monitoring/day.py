"""All that is counted of one day, and the form in which it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Protocol

from okichat.monitoring.figures import Figures
from okichat.monitoring.topic_use import Topics, TopicUse

_COUNTED = {each.name for each in fields(Figures)}


class Day(Protocol):
    """What happened on one day.

    topics          by language and public name
    spent_microusd  what the ledger spent on that day, by the month it took it from
    """

    @property
    def figures(self) -> Figures:
        """Its figures."""

    @property
    def topics(self) -> Topics:
        """How its answers used the topics."""

    @property
    def spent_microusd(self) -> Mapping[str, int]:
        """What the ledger spent."""


class KeptDay:
    """A day as it was kept; what nobody asks for is not unfolded."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self._kept = kept

    @property
    def is_readable(self) -> bool:
        """Not so where another version kept it, which counted other things."""
        return bool(self._kept.get("counted", {}).keys() == _COUNTED)

    @property
    def figures(self) -> Figures:
        """Its figures."""
        return Figures(**{name: _counted(name, value) for name, value in self._kept["counted"].items()})

    @property
    def topics(self) -> Topics:
        """How its answers used the topics."""
        return {(language, slug): TopicUse(*uses) for language, slug, *uses in self._kept["topics"]}

    @property
    def spent_microusd(self) -> Mapping[str, int]:
        """What the ledger spent."""
        spent: Mapping[str, int] = self._kept["spent"]
        return spent


def folded(day: Day) -> dict[str, Any]:
    """What JSON can hold; KeptDay reads it."""
    figures, topics = day.figures, day.topics
    return {
        "counted": {name: _plain(getattr(figures, name)) for name in _COUNTED},
        "topics": [[*topic, use.hits, use.up, use.down] for topic, use in topics.items()],
        "spent": dict(day.spent_microusd),
    }


def _plain(value: int | Counter[Any]) -> Any:
    if not isinstance(value, Counter):
        return value
    return [[key.isoformat() if isinstance(key, date) else key, count] for key, count in value.items()]


def _counted(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if name == "days":
        return Counter({date.fromisoformat(key): count for key, count in value})
    return Counter({tuple(key) if isinstance(key, list) else key: count for key, count in value})
