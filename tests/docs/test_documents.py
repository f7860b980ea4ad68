"""What the documents say is true: generated parts are up to date, links lead somewhere, the way of a question too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from okichat import __version__
from okichat.settings import settings_table
from scripts import settings_docs
from scripts.links import anchors, dead_links
from tests.served import ROOT


def test_the_page_of_settings_has_every_one_as_the_code_reads_it() -> None:
    page = settings_docs.PAGE.read_text(encoding="utf-8")

    assert settings_docs.page(page) == page, "run `make docs`"
    assert all(f"| `{row.name}` |" in page for row in settings_table())


def test_the_example_environment_has_every_setting_as_the_code_reads_it() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == settings_docs.env_example(), "run `make docs`"


def test_no_link_in_the_documents_is_dead() -> None:
    assert list(dead_links(ROOT)) == []


@pytest.mark.parametrize(
    "link",
    ["[gone](docs/gone.md)", "![gone](gone.png)", "[no such heading](docs/there.md#gone)", '<img src="gone.png">'],
)
def test_a_dead_link_is_found_with_its_line(link: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "there.md").write_text("# Here\n")
    (tmp_path / "README.md").write_text(f"# Title\n\n[fine](docs/there.md#here)\n{link}\n")

    assert [line.split(": ")[0] for line in dead_links(tmp_path)] == ["README.md:4"]


def test_links_in_code_and_to_other_sites_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("```\n[x](gone.md)\n```\n`[x](gone.md)` [x](https://example.fr/gone)\n")

    assert list(dead_links(tmp_path)) == []


def test_headings_get_the_names_that_code_hosts_give_them() -> None:
    document = "# Deux mots\n## L'été, déjà !\n## Deux mots\n```\n# no heading\n```\n### `make run` [there](x.md)\n"

    assert anchors(document) == {"deux-mots", "lété-déjà-", "deux-mots-1", "make-run-there"}


def test_every_event_of_the_log_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    log = page.split("## The log")[1].split("\n## ")[0]
    told = {name for row in re.findall(r"^\| (`.+?) \|", log, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "okichat").rglob("*.py"))
    written = set(re.findall(r"journal\.(?:event|crash)\(\s*\"(\w+)\"", code))

    assert written <= told
    assert [name for name in told - written if f'"{name}"' not in code] == []


def test_the_changes_begin_with_the_version_that_this_is() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", changes, re.MULTILINE)

    assert newest
    assert newest[1] == __version__


def test_the_way_of_a_question_leads_through_files_and_names_that_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    way = page.split("## The way of one question")[1].split("\n## ")[0]
    files = re.findall(r"`((?:\w+/)*\w+(?:\.conf)?\.py)`", way)
    named = re.findall(r"`((?:\w+/)*\w+(?:\.conf)?\.py)`: `(\w+)`", way)

    assert len(files) > 20
    assert [file for file in files if not _code(file).is_file()] == []
    assert [
        f"{file}: {name}"
        for file, name in named
        if not re.search(rf"^ *(def|class) {name}\b", _code(file).read_text(encoding="utf-8"), re.MULTILINE)
    ] == []


def _code(file: str) -> Path:
    return ROOT / file if file.endswith(".conf.py") else ROOT / "okichat" / file
