"""Static files, shipped and a site's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.site import Site


@pytest.fixture
def style(tmp_path: Path) -> Path:
    path = tmp_path / "own" / "static" / "site.css"
    path.parent.mkdir(parents=True)
    path.write_text(":root { --brand: #7a1f5c }")
    return path


def served(site: Site) -> str:
    """The style sheet of the site, as its page links to it."""
    client = site.app.test_client()
    address = re.search(r"/static/site\.\w+\.css", client.get("/").text)
    assert address is not None
    return client.get(address[0]).text


def test_whoever_works_at_a_style_sheet_sees_it_at_the_next_request(
    open_site: Callable[..., Site], style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    site = open_site(OKICHAT_TEMPLATES=str(style.parents[1]))
    assert served(site) == ":root { --brand: #7a1f5c }"

    style.write_text(":root { --brand: #1d4ed8 }")

    assert served(site) == ":root { --brand: #1d4ed8 }"


def test_visitors_are_served_the_files_that_were_there_at_the_start(
    open_site: Callable[..., Site], style: Path
) -> None:
    site = open_site(OKICHAT_TEMPLATES=str(style.parents[1]))
    before = site.app.test_client().get("/").text

    style.write_text(":root { --brand: #1d4ed8 }")

    assert re.findall(r"/static/site\.\w+\.css", site.app.test_client().get("/").text) == re.findall(
        r"/static/site\.\w+\.css", before
    )
