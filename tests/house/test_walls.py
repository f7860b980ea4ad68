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
        "own_sentences",
        "recall",
        "on_demand",
    ),
    ("storage",),
    ("monitoring.journal",),
    ("guard", "knowledge", "money", "conversations", "contact"),
    ("sources", "monitoring", "cache", "privacy"),
    ("assistant", "upkeep", "health"),
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

    ended = subprocess.run([sys.executable, "-c", without], cwd=ROOT, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr


def test_only_gpt_knows_openai() -> None:
    knows = [name for name in MODULES if any(found.split(".")[0] == "openai" for found in _imported(name))]

    assert knows == ["okichat.sources.model_client"]


NOT_AT_START = (
    ("openai", "httpx2", "pydantic"),  # before a model is asked
    (
        "alembic",
        "mako",
        "psycopg",
        "sqlalchemy.ext.asyncio",
        "sqlalchemy.dialects.postgresql",
    ),  # another database, or form
    ("limits.aio.storage", "limits.aio.strategies"),
    ("phonenumbers", "stdnum", "apispec", "sentry_sdk", "redis"),
    ("okichat.commands", "okichat.web.admin.screens", "okichat.web.openapi", "okichat.web.patterns"),
)


def test_a_start_imports_only_what_the_first_page_needs(tmp_path: Path) -> None:
    """Each of these takes as long as some of our own rooms together; all are there when they are needed."""
    names = [name for group in NOT_AT_START for name in group]
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    page = "print(wsgi.app.test_client().get('/', headers={'Host': '127.0.0.1'}).status_code)"
    code = f"import sys, threading, wsgi; wsgi.app.extensions['okichat'].upkeep.start = int; {page}; " + (
        f"print([name for name in {names} if name in sys.modules])"
    )

    for _ in range(2):  # the first start makes the tables
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    assert ended.stdout.split("\n")[:2] == ["200", "[]"], ended.stderr


def test_opening_the_client_of_the_model_reads_nothing_of_its_other_apis(tmp_path: Path) -> None:
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}"}
    code = (
        "import sys, wsgi; wsgi.app.extensions['okichat'].upkeep.open(); names = [n for n in sys.modules if n.startswith('openai')]; "
        "print('openai._client' in names, 'openai.resources' in names, 'openai.types.responses.response' in names)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment | {"OPENAI_API_KEY": "sk-test", "OKICHAT_LEDGER_ON_EPHEMERAL_DISK": "yes"},
        capture_output=True,
        text=True,
    )

    assert ended.stdout.split() == ["True", "False", "False"], ended.stderr


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
