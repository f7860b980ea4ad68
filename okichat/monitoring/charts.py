"""Charts as SVG, drawn here: no script, no colours needed, each with a title and a description for those who do not see it.

Across they are measured in percent and upwards in pixels, so they fill any width and their text keeps its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_HEIGHT_PX = 176
_TOP_PX = 26  # above what is drawn: room for a number
_BASE_PX = 150  # where nothing is
_MOST_NAMES = 4  # names below the bars that fit beside each other on a phone


@dataclass(frozen=True, slots=True)
class Point:
    """One bar or one point of a line: its name, how much it is, and that as people read it."""

    name: str
    value: float
    text: str


def bars(id: str, title: str, description: str, points: Sequence[Point]) -> Markup:
    """One bar for each point; the highest says its number, each says its own when pointed at."""
    highest = max((point.value for point in points), default=0) or 1
    step = 100 / max(len(points), 1)
    drawn: list[Markup] = []
    told = False
    for number, point in enumerate(points):
        height = (_BASE_PX - _TOP_PX) * point.value / highest
        top = _BASE_PX - height
        drawn.append(
            Markup('<g><title>{}</title><rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/></g>').format(
                f"{point.name} · {point.text}",
                "bar" if point.value else "bar empty",
                _short(number * step + step * 0.1),
                _short(top if point.value else _BASE_PX - 1),
                _short(step * 0.8),
                _short(height if point.value else 1),
            )
        )
        if point.value == highest and not told:
            told = True
            drawn.append(_words(number * step + step / 2, top - 6, point.text, "value"))
    return _picture(id, title, description, [*drawn, _base(), *_names(points, step)])


def money_line(id: str, title: str, description: str, points: Sequence[Point], length: int, budget: Point) -> Markup:
    """What was spent up to each of `points`, of `length` days in all, against the dashed line of the budget.

    Both lines say at their end what they are."""
    highest = max([budget.value, *(point.value for point in points)]) or 1
    places = [
        ((number + 1) / length * 100, _BASE_PX - (_BASE_PX - _TOP_PX) * point.value / highest)
        for number, point in enumerate(points)
    ]
    budget_px = _BASE_PX - (_BASE_PX - _TOP_PX) * budget.value / highest
    drawn = [_stroke("limit", (0, budget_px), (100, budget_px)), _words(100, budget_px - 6, budget.name, "value")]
    for before, after in zip([(0.0, float(_BASE_PX)), *places], places, strict=False):
        drawn.append(_stroke("line", before, after))
    for (x, y), point in zip(places, points, strict=True):
        drawn.append(
            Markup('<g><title>{}</title><circle class="spot" cx="{}%" cy="{}" r="3"/></g>').format(
                f"{point.name} · {point.text}", _short(x), _short(y)
            )
        )
    if places:
        x, y = places[-1]
        is_low = y - budget_px > 20
        drawn.append(_words(x, y - 8 if is_low else y + 18, points[-1].text, "value"))
        drawn.append(_words(0, _BASE_PX + 20, points[0].name, "name"))
    if len(places) > length / 4:  # else the two names would meet
        drawn.append(_words(places[-1][0], _BASE_PX + 20, points[-1].name, "name"))
    return _picture(id, title, description, [*drawn, _base()])


def share_bar(share: float) -> Markup:
    """A bar in a cell of a table, which says the same in figures beside it."""
    return Markup(
        '<svg class="share" aria-hidden="true" focusable="false" width="100%" height="12">'
        '<rect class="whole" x="0" y="0" width="100%" height="12" rx="3"/>'
        '<rect class="bar" x="0" y="0" width="{}%" height="12" rx="3"/></svg>'
    ).format(_short(100 * min(max(share, 0), 1)))


def _picture(id: str, title: str, description: str, drawn: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" role="img" aria-labelledby="{id}-title {id}-description" width="100%" height="{height}">'
        '<title id="{id}-title">{title}</title><desc id="{id}-description">{description}</desc>{drawn}</svg>'
    ).format(id=id, height=_HEIGHT_PX, title=title, description=description, drawn=Markup("").join(drawn))


def _base() -> Markup:
    return _stroke("base", (0, _BASE_PX), (100, _BASE_PX))


def _stroke(kind: str, begin: tuple[float, float], end: tuple[float, float]) -> Markup:
    return Markup('<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(
        kind, _short(begin[0]), _short(begin[1]), _short(end[0]), _short(end[1])
    )


def _names(points: Sequence[Point], step: float) -> list[Markup]:
    """The names of a few bars, evenly spread, the first and the last among them where there are more than fit."""
    count = len(points)
    shown = sorted({round(place * (count - 1) / (_MOST_NAMES - 1)) for place in range(_MOST_NAMES)}) if count else []
    return [_words(number * step + step / 2, _BASE_PX + 20, points[number].name, "name") for number in shown]


def _words(x: float, y: float, text: str, kind: str) -> Markup:
    """A text that stays in the picture: at its edges it begins or ends at the place, else the place is its middle."""
    anchor = "start" if x < 12 else "end" if x > 88 else "middle"
    return Markup('<text class="{}" x="{}%" y="{}" text-anchor="{}">{}</text>').format(
        kind, _short(x), _short(max(y, 12)), anchor, text
    )


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
