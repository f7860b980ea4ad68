"""A chart as the screens show it: the drawing, and the table that says the same in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from okichat.monitoring.charts import Point
from okichat.web.admin import wording


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and its table: the heading of each column, and the rows; `amounts` columns after the first hold figures."""

    title: str
    drawing: Markup
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    amounts: int = 1


def counted_point(name: str, count: int) -> Point:
    """A bar for so many of something."""
    return Point(name, count, wording.number(count))
