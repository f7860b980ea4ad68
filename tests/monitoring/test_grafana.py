"""The dashboard of docs/grafana.json asks for nothing that /metrics does not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.served import ROOT
from tests.site import Site

TOKEN = "a-token-of-metrics-0123"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def samples(open_site: Callable[..., Site]) -> dict[str, set[str]]:
    """The labels of each sample that /metrics tells."""
    site = open_site(OKICHAT_METRICS_TOKEN=TOKEN)
    site.ask("Quels sont vos tarifs ?")
    text = site.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def test_every_figure_of_the_dashboard_is_exposed_with_the_labels_it_is_split_by(samples: dict[str, set[str]]) -> None:
    for query in QUERIES:
        named = re.findall(r"\bokichat_\w+", query)
        split_by = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(",")}

        assert named, query
        for name in named:
            assert name in samples, f"{name} in {query}"
            assert split_by <= samples[name], query


def test_every_figure_that_is_exposed_is_on_the_dashboard(samples: dict[str, set[str]]) -> None:
    shown = {name for query in QUERIES for name in re.findall(r"\bokichat_\w+", query)}

    assert {name for name in samples if not name.endswith(("_sum", "_count"))} <= shown


def test_panels_do_not_lie_upon_each_other_and_have_numbers_of_their_own() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_no_panel_adds_up_processes_that_each_tell_the_whole() -> None:
    """Every process exposes the figures of the store, so a sum over them would count each question several times."""
    assert [query for query in QUERIES if re.search(r"\bsum\b(?! ?\(max by)", query)] == []
