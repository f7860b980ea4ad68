"""Modules that are read when a name is wanted of them."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from okichat.on_demand import on_demand

PACKAGE = {
    "__init__.py": "from . import heavy\nfrom .light import LIGHT\n",
    "light.py": "LIGHT = 1\n",
    "heavy/__init__.py": "from .part import PART\nREAD = [1]\n",
    "heavy/part.py": "PART = 2\n",
    "heavy/other.py": "OTHER = 3\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"package_{abs(hash(request.node.name))}"
    for path, text in PACKAGE.items():
        (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name / path).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def imported(package: str, *names: str) -> ModuleType:
    with on_demand(*(f"{package}.{name}" for name in names)):
        return importlib.import_module(package)


def test_what_waits_is_not_read_by_the_import(package: str) -> None:
    whole = imported(package, "heavy")

    assert whole.LIGHT == 1
    assert f"{package}.heavy" in sys.modules
    assert f"{package}.heavy.part" not in sys.modules


def test_it_is_read_when_a_name_is_wanted_of_it(package: str) -> None:
    heavy = imported(package, "heavy").heavy

    assert heavy.PART == 2
    assert type(heavy) is ModuleType
    assert heavy.__spec__ is not None
    assert heavy.__spec__.loader is heavy.__loader__


def test_its_own_modules_can_be_imported_while_it_waits(package: str) -> None:
    imported(package, "heavy")

    assert importlib.import_module(f"{package}.heavy.other").OTHER == 3
    assert f"{package}.heavy.part" not in sys.modules


def test_a_name_it_does_not_have_is_missing_as_ever(package: str) -> None:
    heavy = imported(package, "heavy").heavy

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = heavy.no_such_name
    assert heavy.PART == 2


def test_a_module_that_does_not_exist_is_nobodys_loss(package: str) -> None:
    assert imported(package, "gone").heavy.PART == 2


def test_later_imports_are_as_ever(package: str) -> None:
    finders = list(sys.meta_path)

    imported(package, "light")

    assert sys.meta_path == finders


def test_threads_that_want_it_at_once_read_it_once(package: str) -> None:
    heavy = imported(package, "heavy").heavy
    together = threading.Barrier(8)
    found: list[list[int]] = []

    def want() -> None:
        together.wait(30)
        found.append(heavy.READ)

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 8
    assert all(read is found[0] for read in found)
