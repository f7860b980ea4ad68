"""Every sentence a visitor reads stands in both catalogues, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from okichat.answer import NOTICES, RUNGS
from okichat.content import folder
from okichat.conversations.listing import UNFINISHED
from okichat.errors import Refusal, SourceUnavailable
from okichat.factory import create_app
from okichat.language import LANGUAGES
from okichat.sources.faults import FAULTS
from okichat.sources.local import OUTDATED
from okichat.sources.unasked import SWITCHED_OFF

PACKAGE = Path(create_app.__code__.co_filename).parent
TEMPLATES = sorted(folder("templates").rglob("*.html"))
MODULES = sorted(PACKAGE.rglob("*.py"))

_Kind = TypeVar("_Kind")

SPEAKERS = {"gettext", "say", "_say", "_"}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
PARTS_OF_A_DATE = {"year", "month", "day", "hour", "hour_12", "minute"}  # each language says of it what it needs
CALL_IN_TEMPLATE = re.compile(r"""\b_\(\s*(["'])(?P<key>[^"']+)\1\s*(?P<joined>~)?""")
TEMPLATE_CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
READ_ATTRIBUTES = {"alt", "aria-label", "aria-description", "placeholder", "title"}


@dataclass
class Used:
    """Keys that are named in full, and the beginnings of those that are put together."""

    keys: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)

    def add(self, node: ast.expr) -> None:
        """What the first argument of a call says."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.keys.add(node.value)
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            self.beginnings.add(str(node.values[0].value))


def _catalogue(language: str) -> Catalog:
    with (folder("translations") / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


def _sentences(catalogue: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def _used_in_templates() -> Used:
    used = Used()
    for path in TEMPLATES:
        for call in CALL_IN_TEMPLATE.finditer(path.read_text()):
            (used.beginnings if call["joined"] else used.keys).add(call["key"])
    return used


def _used_in_code() -> Used:
    used = Used()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and _speaks(node.func):
                used.add(node.args[0])
    return used


def _speaks(function: ast.expr) -> bool:
    """`gettext(…)`, `say(…)`, `self._say(…)`, `sentences(language)(…)`, `self._sentences(language)(…)`."""
    if isinstance(function, ast.Call):
        return _name(function.func).endswith("sentences")
    return _name(function) in SPEAKERS


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _texts_in_code() -> Used:
    """Every text of the code: a key may reach `gettext` through a variable."""
    texts = Used()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.expr):
                texts.add(node)
    return texts


SENTENCES = {language: _sentences(_catalogue(language)) for language in LANGUAGES}
KEYS = set().union(*SENTENCES.values())


def test_both_languages_have_the_same_keys_with_the_same_placeholders() -> None:
    french, english = (
        {key: set(PLACEHOLDER.findall(sentence)) - PARTS_OF_A_DATE for key, sentence in SENTENCES[language].items()}
        for language in LANGUAGES
    )

    assert french == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_doubtful_or_holds_a_stray_percent_sign(language: str) -> None:
    stray = [
        key for key, sentence in SENTENCES[language].items() if not sentence or "%" in PLACEHOLDER.sub("", sentence)
    ]
    doubtful = [message.id for message in _catalogue(language) if message.id and message.fuzzy]

    assert (stray, doubtful) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_says_what_the_readable_one_says(language: str) -> None:
    compiled = folder("translations") / language / "LC_MESSAGES" / "messages.mo"

    assert _sentences(read_mo(BytesIO(compiled.read_bytes()))) == SENTENCES[language]


@pytest.mark.parametrize("used", [_used_in_templates(), _used_in_code()], ids=["templates", "code"])
def test_every_key_that_is_used_has_a_sentence(used: Used) -> None:
    assert used.keys - KEYS == set()
    assert {start for start in used.beginnings if not any(key.startswith(start) for key in KEYS)} == set()


def test_no_sentence_is_left_that_nobody_says() -> None:
    templates, code = _used_in_templates(), _texts_in_code()
    beginnings = {start for start in templates.beginnings | code.beginnings if "." in start}

    unused = {key for key in KEYS - templates.keys - code.keys if not key.startswith(tuple(beginnings))}

    assert unused == set()


def test_every_word_for_a_refusal_a_notice_a_rung_and_small_talk_has_its_sentence() -> None:
    refusals = {f"refusal.{kind.code}" for kind in _kinds(Refusal) if kind.code != "message"}
    notices = {f"notice.{word}" for word in NOTICES}
    rungs = {f"rung.{name}" for name in (*RUNGS, UNFINISHED)}
    kinds = re.findall(r"^\[(\w+)\]$", (PACKAGE / "sources" / "small_talk.txt").read_text(), re.MULTILINE)
    small_talk = {f"small_talk.{kind}" for kind in kinds if kind != "filler"}

    assert (refusals | notices | rungs | small_talk) - KEYS == set()


def test_the_list_of_notices_has_every_one_that_a_source_can_give() -> None:
    of_kinds = {kind.notice for kind in _kinds(SourceUnavailable) if kind.notice}
    of_faults = {kind.notice for kind in FAULTS.values() if kind.notice}

    assert of_kinds | of_faults | {SWITCHED_OFF, OUTDATED} == set(NOTICES)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(folder("templates")).as_posix())
def test_a_template_holds_no_sentence_of_its_own(path: Path) -> None:
    reader = _Reader()
    reader.feed(TEMPLATE_CODE.sub("", path.read_text()))

    assert reader.read == []


def _kinds(parent: type[_Kind]) -> Iterator[type[_Kind]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from _kinds(kind)


class _Reader(HTMLParser):
    """Collects what a person would read: text with letters, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def handle_data(self, data: str) -> None:
        if any(character.isalpha() for character in data):
            self.read.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ_ATTRIBUTES and any(character.isalpha() for character in value or ""):
                self.read.append(f"{name}={value}")
