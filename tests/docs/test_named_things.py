"""What the documents name is there: commands, settings, files, rooms, words on the screen; and each says whom it is for."""

from __future__ import annotations

import gettext
import re

import click
import pytest
from click.testing import CliRunner

from okichat.cli import commands
from okichat.content import folder
from okichat.settings import settings_table
from scripts.links import documents
from tests.house.test_walls import ORDER
from tests.served import ROOT

DOCUMENTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in documents(ROOT)}
FOR_SOMEBODY = [name for name in DOCUMENTS if not name.startswith((".github/", "static/", "docs/examples/"))]
FILES_OF_HOSTS = (
    "app.json",
    "railway.json",
    "vercel.json",
    "compose.yaml",
    ".do/deploy.template.yaml",
    "deploy/Dockerfile",
)
FOLDERS = (
    *("okichat", "tests", "scripts", "bench", "docs", "deploy", ".do", ".ci", ".github"),
    *("knowledge", "static", "templates", "translations"),
)
ARCHITECTURE = DOCUMENTS["docs/architecture.md"]
_CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def _code(page: str) -> str:
    """Only what is set as code; a command in plain words is none."""
    return "\n".join(_CODE.findall(page))


def _files(page: str) -> list[str]:
    """The files and folders of this repository that a page names with their way from the top."""
    found = re.findall(r"(?<![\w./$-])((?:[\w.-]+/)+[\w.@-]*\w)(?![\w/<*])", _code(page))
    return [path for path in found if path.split("/")[0] in FOLDERS]


def _is_there(file: str) -> bool:
    """Here, among the templates that a site's own ones extend, or in the worked example of a site."""
    example = ROOT / "docs" / "examples" / "roche"
    shipped = ROOT / "templates" / file.removeprefix("okichat/")
    return any(path.exists() for path in (ROOT / file, shipped, example / file, example / "templates" / file))


@pytest.mark.parametrize("name", FOR_SOMEBODY)
def test_a_document_says_in_its_first_line_whom_it_is_for(name: str) -> None:
    first = next(line for line in DOCUMENTS[name].splitlines() if line and not line.startswith("#"))

    assert first.startswith(("For ", "Pour "))


def test_the_readme_leads_to_every_document() -> None:
    readme = DOCUMENTS["README.md"]
    own = [name for name in FOR_SOMEBODY if name != "README.md" and not name.startswith("docs/deploy/")]

    assert [name for name in [*own, "docs/deploy/README.md"] if f"({name})" not in readme] == []
    assert readme.count("\n") < 80, "two screens: what somebody looks up later stands in a page of its own"


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in DOCUMENTS.values()
        for name in re.findall(r"(?:^|[`\s])(?:[A-Z]+=\S+ )?make ([a-z][a-z-]*)", _code(page), re.MULTILINE)
    }

    assert len(named) > 10
    assert named - targets == set()


def test_every_command_in_the_documents_exists_and_every_command_is_documented() -> None:
    known = {" ".join(path) for path in _command_paths(commands)}
    groups = {path.split()[0] for path in known if " " in path}
    written = re.compile(r"(?:python -m okichat|flask (?:--app wsgi )?okichat) ([a-z]+)(?: ([a-z]+))?")
    named = {
        f"{first} {second}" if first in groups and second else first
        for page in DOCUMENTS.values()
        for first, second in written.findall(_code(page))
    }
    table = set(re.findall(r"^\| `([a-z ]+)` \|", DOCUMENTS["docs/commands.md"], re.MULTILINE))

    assert named - known - groups == set()
    assert table == known


def test_the_list_of_commands_says_of_each_in_whole_words_what_it_does() -> None:
    listed = [CliRunner().invoke(group, ["--help"], terminal_width=80).output for group in _groups(commands)]

    assert len(listed) == 3
    assert [
        line for page in listed for line in page.partition("Commands:")[2].splitlines() if line.endswith("...")
    ] == []


def test_every_setting_in_the_documents_and_in_the_files_of_hosts_exists() -> None:
    known = {row.name for row in settings_table()}
    pages = [*DOCUMENTS.values(), *((ROOT / name).read_text(encoding="utf-8") for name in FILES_OF_HOSTS)]
    named = {name for page in pages for name in re.findall(r"\bOKICHAT_[A-Z_]+\b", page)}

    assert len(named) > 20
    assert named - known == set()


def test_a_default_that_a_document_gives_in_brackets_is_that_of_the_setting() -> None:
    defaults = {row.name: row.default for row in settings_table()}
    given = [
        (name, told, default)
        for name, page in DOCUMENTS.items()
        for told, default in re.findall(r"`(OKICHAT_[A-Z_]+)`(?: [a-z]+)? \(([\d.]+)\b", page)
    ]

    assert len(given) >= 3
    assert [(name, told) for name, told, default in given if defaults[told] != default] == []


def test_every_file_named_in_the_documents_exists() -> None:
    pages = {name: page for name, page in DOCUMENTS.items() if page is not ARCHITECTURE}  # see below

    assert sum(len(_files(page)) for page in pages.values()) > 80
    assert [f"{name}: {file}" for name, page in pages.items() for file in _files(page) if not _is_there(file)] == []


def test_every_test_named_in_the_documents_exists() -> None:
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = {(name, test) for name, page in DOCUMENTS.items() for test in re.findall(r"\btest_\w+\.py", page)}

    assert len(named) > 20
    assert sorted(f"{name}: {test}" for name, test in named if test not in there) == []


def test_a_file_is_known_by_its_folder_and_by_being_set_as_code() -> None:
    assert _files("`okichat/gone.py`, okichat/words.py, `/etc/okichat.env`, `knowledge/fr/<topic>.md`") == [
        "okichat/gone.py"
    ]


def test_every_file_named_in_the_architecture_exists() -> None:
    files = re.findall(r"`((?:\w+/)*\w+(?:\.conf)?\.(?:py|txt|json|css|js|html|svg))`", ARCHITECTURE)
    package = ROOT / "okichat"
    bare = {path.name for path in package.rglob("*.*")}  # in the row of its room a bare name is enough

    assert len(files) > 40
    assert [
        file for file in files if file not in bare and not any((at / file).is_file() for at in (ROOT, package))
    ] == []


def test_every_room_of_the_code_stands_in_the_architecture() -> None:
    table = ARCHITECTURE.split("## The rooms")[1].split("\n## ")[0]
    named = {
        name.rstrip("/")
        for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([\w./]+)`", row)
    }
    rooms = {
        path.name
        for path in (ROOT / "okichat").iterdir()
        if path.name not in ("__init__.py", "py.typed", "shipped", "__pycache__")
        if path.suffix == ".py" or any(path.glob("*.*"))
    }

    assert rooms - named == set()
    assert {name for name in named if not (ROOT / "okichat" / name).exists()} == set()


def test_the_way_of_imports_is_told_as_the_walls_hold_it() -> None:
    told = re.sub(r"\s+", " ", ARCHITECTURE).split("Imports point one way: values <- ")[1].split(";")[0]
    floors = [tuple(re.findall(r"[\w./]+", floor)) for floor in told.split(" <- ")]
    held = [tuple(room.replace(".", "/") for room in floor if room != "__main__") for floor in ORDER[1:]]

    assert [{name.removesuffix(".py") for name in floor} for floor in floors] == [set(floor) for floor in held]


@pytest.mark.parametrize("name", ["docs/dashboard.md", "docs/guide.md"])
def test_every_word_on_the_screen_that_a_guide_quotes_is_there(name: str) -> None:
    translations = gettext.translation("messages", folder("translations"), ["fr"])
    catalog = getattr(translations, "_catalog")  # noqa: B009
    shown = "\n".join(str(text) for text in catalog.values()).replace("\u00a0", " ").replace("\u202f", " ")
    page = re.sub(r"\s+", " ", DOCUMENTS[name].replace("\u00a0", " "))
    quoted = re.findall("« ([^»]+) »", page)

    assert len(quoted) > 5
    assert [words for words in quoted if words not in shown] == []


def _groups(group: click.Group) -> list[click.Group]:
    context = click.Context(group)
    below = (group.get_command(context, name) for name in group.list_commands(context))
    return [group, *(command for command in below if isinstance(command, click.Group))]


def _command_paths(group: click.Group) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        below = _command_paths(command) if isinstance(command, click.Group) else [()]
        found += [(name, *rest) for rest in below]
    return found
