"""Every way to install Okichat gives the same working page, and hosts find exactly one list of requirements."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from tests.served import ROOT, Served, clean_environment, gunicorn

CONTENT = ("knowledge", "static", "templates", "translations")
NOT_OF_THE_SOURCE = shutil.ignore_patterns(
    ".git",
    ".venv",
    "__pycache__",
    "*.egg-info",
    "build",
    "dist",
    "instance",
    "tests",
    ".*_cache",
    ".hypothesis",
    ".env*",
    ".host-tools",
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout: building leaves its traces there."""
    copy = tmp_path_factory.mktemp("source") / "okichat"
    shutil.copytree(ROOT, copy, ignore=NOT_OF_THE_SOURCE)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("okichat-*.whl"))


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a new virtual environment where all is installed but Okichat."""
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    interpreter = environment / "bin" / "python"
    site = subprocess.check_output(
        [interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    Path(site.strip(), "requirements.pth").write_text(sysconfig.get_path("purelib"))
    return interpreter


def _pip(*arguments: str, python: Path | None = None) -> None:
    where = ["--python", str(python)] if python else []
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *where, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=160)
    assert done.returncode == 0, done.stdout + done.stderr


def _ask(served: Served, question: str) -> dict[str, object]:
    request = urllib.request.Request(
        served.url + "/api/chat", json.dumps({"question": question}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer: dict[str, object] = json.load(reply)
    return answer


@pytest.mark.parametrize("way", ["pip install .", "pip install -e .", "pip install okichat.whl"])
def test_every_way_to_install_serves_the_page_its_files_and_an_answer(
    way: str, python: Path, source: Path, wheel: Path, tmp_path: Path
) -> None:
    what = {"pip install .": [str(source)], "pip install -e .": ["-e", str(source)]}.get(way, [str(wheel)])
    _pip("install", "--no-deps", "--no-build-isolation", *what, python=python)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    arguments = ("--worker-class", "gthread", "--threads", "4", "--no-control-socket")
    with gunicorn(
        elsewhere, *arguments, environment=clean_environment(), app="okichat:create_app()", python=str(python)
    ) as served:
        page = served.get("/")
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        bodies = [served.get(file) for file in files]
        answer = _ask(served, "Quels sont vos services?")

    assert "<form" in page
    assert len(files) >= 2
    assert all(bodies)
    assert answer["topics"][0] == "services"  # type: ignore[index]


def test_a_wheel_holds_every_file_of_the_code_and_its_content(wheel: Path, source: Path) -> None:
    wanted = {path.relative_to(source).as_posix() for path in _files(source / "okichat")}
    for name in CONTENT:
        wanted |= {f"okichat/shipped/{path.relative_to(source).as_posix()}" for path in _files(source / name)}

    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert packed == wanted


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_setup_cfg_lists_every_package_of_the_code() -> None:
    folders = {path.parent.relative_to(ROOT) for path in _files(ROOT / "okichat") if path.suffix == ".py"}
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")

    listed = set(setup["options"]["packages"].split())

    assert listed == {".".join(folder.parts) for folder in folders} | {f"okichat.shipped.{name}" for name in CONTENT}


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock"])
def test_no_second_list_of_requirements_confuses_the_hosts(name: str) -> None:
    """Heroku fails with two; beside a pyproject.toml Vercel does not read requirements.txt, and builds an app without Flask."""
    assert not (ROOT / name).exists()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_lock_holds_what_is_asked_for_with_hashes(name: str) -> None:
    asked = {_normal(line) for line in (ROOT / f"{name}.in").read_text().splitlines() if re.match(r"\w", line)}
    lines = (ROOT / f"{name}.txt").read_text().splitlines()
    pinned = {_normal(line) for line in lines if re.match(r"\w", line)}

    assert asked <= pinned
    assert all("==" in line and line.endswith("\\") for line in lines if re.match(r"\w", line))


def _normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[ =<>~;#]", requirement)[0]).lower()


def test_both_locks_agree_on_every_version() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    app, tools = versions("requirements.txt"), versions("requirements-dev.txt")

    assert {name: tools[name] for name in app.keys() & tools.keys()} == {
        name: app[name] for name in app.keys() & tools.keys()
    }


def test_the_python_of_the_hosts_is_named_without_its_patch_level() -> None:
    assert re.fullmatch(r"3\.1[1-9]\n", (ROOT / ".python-version").read_text())


def test_what_the_code_imports_is_asked_for_by_name() -> None:
    """A package that another one happens to bring can be gone with the next lock."""
    sources = [*_files(ROOT / "okichat"), ROOT / "wsgi.py", ROOT / "gunicorn.conf.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources if path.suffix == ".py"]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    foreign = {module.split(".")[0] for module in modules} - sys.stdlib_module_names - {"okichat"}
    foreign -= {"_typeshed", "sentry_sdk"}  # known to the type checker alone, and an extra of setup.cfg
    brought_by = importlib.metadata.packages_distributions()
    asked = {_normal(line) for line in (ROOT / "requirements.in").read_text().splitlines() if re.match(r"\w", line)}

    # What these are made of is part of what they offer.
    asked |= {
        _normal(each) for whole in ("flask", "openai", "httpx2") for each in importlib.metadata.requires(whole) or []
    }

    assert foreign
    assert {name for name in foreign if not asked & {_normal(each) for each in brought_by.get(name, [])}} == set()
