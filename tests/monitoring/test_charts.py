"""The charts of the dashboard: whole, within their frame, and readable without eyes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from okichat.monitoring.charts import Point, bars, money_line, share_bar

CHARTS = (
    bars("id", "Titre <b>", "Dit & décrit", [Point(f"{n} nov.", n, str(n)) for n in range(30)]),
    bars("id", "Titre <b>", "Dit & décrit", [Point("1 nov.", 0, "0")]),
    bars("id", "Titre <b>", "Dit & décrit", []),
    money_line(
        "id", "Titre <b>", "Dit & décrit", [Point("1", 3e6, "3 $"), Point("2", 9e6, "9 $")], 30, Point("B", 5e6, "5")
    ),
    money_line("id", "Titre <b>", "Dit & décrit", [Point("1", 0, "0 $")], 30, Point("B", 0, "0")),
    money_line("id", "Titre <b>", "Dit & décrit", [], 30, Point("B", 20e6, "20")),
)


@pytest.mark.parametrize("drawing", CHARTS)
def test_a_chart_is_whole_says_what_it_shows_and_stays_in_its_frame(drawing: str) -> None:
    svg = ET.fromstring(drawing)

    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"] == "id-title id-description"
    assert [svg.findtext("title"), svg.findtext("desc")] == ["Titre <b>", "Dit & décrit"]
    assert "style=" not in drawing  # the policy of the pages forbids it
    percents = [float(number) for number in re.findall(r'"(-?[\d.]+)%"', drawing)]
    assert all(0 <= number <= 100 for number in percents)
    heights = [float(number) for number in re.findall(r' (?:y|y1|y2|cy)="(-?[\d.]+)"', drawing)]
    assert all(0 <= number <= float(svg.attrib["height"]) for number in heights)


def test_a_bar_is_as_high_as_its_share_of_the_highest_and_says_its_value() -> None:
    svg = ET.fromstring(bars("id", "t", "d", [Point("a", 1, "un"), Point("b", 2, "deux"), Point("c", 0, "zéro")]))

    low, high, none = (float(rect.attrib["height"]) for rect in svg.iter("rect"))
    assert high == pytest.approx(2 * low)
    assert none == 1
    assert [title.text for title in svg.iter("title")] == ["t", "a · un", "b · deux", "c · zéro"]


def test_a_share_never_leaves_its_cell() -> None:
    assert 'width="100%"' in share_bar(7)
    assert 'width="0%"' in share_bar(-1)
