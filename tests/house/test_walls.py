"""The walls of the house: which way imports point, who knows Flask and who knows OpenAI, how large a room may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "okichat"
WEB = ("okichat.web", "okichat.assembly", "okichat.factory", "okichat.cli", "okichat.commands")
# Each room may use those before it, and itself.
ORDER = (
    (
        "errors",
        "clock",
        "answer",
        "question",
        "language",
        "readers",
        "settings",
        "hosts",
        "content",
        "sentences",
        "recall",
    ),
    ("storage",),
    ("monitoring.journal",),
    ("guard", "knowledge", "money", "conversations", "contact"),
    ("sources", "monitoring", "cache"),
    ("assistant", "upkeep"),
    ("web", "cli", "commands"),
    ("assembly",),
    ("factory", "__main__"),
)
LARGEST_MODULE_LINES, LARGEST_FUNCTION_LINES, LARGEST_TEMPLATE_LINES = 250, 50, 150


def _modules() -> list[str]:
    paths = sorted(PACKAGE.rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if "versions" not in path.parts)
    return [name.removesuffix(".__init__") for name in names]


MODULES = _modules()
DOMAIN = [name for name in MODULES if not name.startswith(WEB) and not name.endswith(("__main__", "migrations.env"))]


@pytest.mark.parametrize("module", DOMAIN)
def test_answering_needs_no_web_framework(module: str) -> None:
    names = " ".join(sorted(_imported(module)))

    assert "flask" not in names
    assert "werkzeug" not in names


def test_the_domain_runs_where_flask_is_not_installed() -> None:
    without = "import sys; sys.modules.update(flask=None, werkzeug=None); " + "; ".join(
        f"import {name}" for name in DOMAIN
    )

    subprocess.run([sys.executable, "-c", without], check=True, cwd=ROOT)


def test_only_gpt_knows_openai() -> None:
    knows = [name for name in MODULES if any(found.split(".")[0] == "openai" for found in _imported(name))]

    assert knows == ["okichat.sources.gpt"]


def test_starting_the_app_imports_no_openai() -> None:
    code = "import sys; from okichat import create_app; import okichat.factory; print('openai' in sys.modules)"

    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True
        ).stdout.strip()
        == "False"
    )


@pytest.mark.parametrize("module", [name for name in MODULES if name != "okichat"])
def test_imports_point_one_way(module: str) -> None:
    own = _floor(module)

    above = [name for name in _imported(module) if name.startswith("okichat.") and _floor(name) > own]

    assert above == []


def test_no_module_needs_itself_by_way_of_others() -> None:
    graph = {
        name: {found for found in _imported(name, at_start=True) if found in MODULES and found != name}
        for name in MODULES
    }
    while leaves := {name for name, needed in graph.items() if not needed}:
        graph = {name: needed - leaves for name, needed in graph.items() if name not in leaves}

    assert graph == {}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno >= LARGEST_FUNCTION_LINES
    ]

    assert text.count("\n") <= LARGEST_MODULE_LINES or "migrations" in path.parts
    assert long == [] or "migrations" in path.parts


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_stay_small(path: Path) -> None:
    assert path.read_text().count("\n") <= LARGEST_TEMPLATE_LINES


def test_no_room_is_a_drawer_for_anything() -> None:
    assert [
        name for name in MODULES if name.rsplit(".", 1)[-1] in ("utils", "helpers", "manager", "common", "misc")
    ] == []


def _floor(module: str) -> int:
    inside = module.removeprefix("okichat.")
    for floor, rooms in reversed(list(enumerate(ORDER))):
        if any(inside == room or inside.startswith(f"{room}.") for room in rooms if "." in room):
            return floor
    for floor, rooms in enumerate(ORDER):
        if any(inside == room or inside.startswith(f"{room}.") for room in rooms):
            return floor
    return 0 if module == "okichat" else len(ORDER)


@cache
def _imported(module: str, *, at_start: bool = False) -> frozenset[str]:
    """What a module imports, in functions too unless `at_start`; not what only the type checker sees."""
    path = ROOT.joinpath(*module.split("."))
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if at_start and isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {
                f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in MODULES
            }
        waiting += ast.iter_child_nodes(node)
    return frozenset(found)
