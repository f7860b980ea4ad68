"""Compiled templates, kept for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from okichat.web.compiled import KeptTemplates


def environment(folder: Path) -> Environment:
    return Environment(loader=FileSystemLoader(folder), bytecode_cache=KeptTemplates(folder), autoescape=True)


def rendered(folder: Path) -> str:
    return environment(folder).get_template("a.html").render(name="Ada")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.html").write_text("Bonjour {{ name }}")
    return tmp_path


def test_the_next_start_compiles_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered(folder)
    monkeypatch.setattr(Environment, "compile", None)

    assert rendered(folder) == "Bonjour Ada"


def test_a_changed_template_is_compiled_anew(folder: Path) -> None:
    rendered(folder)
    (folder / "a.html").write_text("Salut {{ name }}")

    assert rendered(folder) == "Salut Ada"


def test_where_nothing_can_be_written_everything_is_compiled(folder: Path) -> None:
    (folder / "__pycache__").write_text("in the way")

    assert rendered(folder) == "Bonjour Ada"


def test_a_damaged_file_is_compiled_anew(folder: Path) -> None:
    rendered(folder)
    for path in (folder / "__pycache__").iterdir():
        path.write_bytes(path.read_bytes()[:-9])

    assert rendered(folder) == "Bonjour Ada"
