"""Every topic the firm has written, read once from a folder of Markdown files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from okichat.errors import KnowledgeError
from okichat.knowledge.topic_file import Mistake, Topic, TopicFile
from okichat.language import LANGUAGES


@dataclass(frozen=True, slots=True)
class Library:
    """The topics of each language, and what visitors ask that belongs to none of them.

    version   short hash of everything visitors can be told; an answer built on another version is out of date
    """

    version: str
    _topics: Mapping[str, Mapping[str, Topic]] = field(repr=False)
    _off_topic: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have topics, the default one first."""
        return tuple(self._topics)

    def topics(self, language: str) -> tuple[Topic, ...]:
        """All topics of one language, by their public names."""
        return tuple(self._topics.get(language, {}).values())

    def topic(self, slug: str, language: str) -> Topic | None:
        """The topic with that public name, None if there is none in that language."""
        return self._topics.get(language, {}).get(slug)

    def off_topic(self, language: str) -> tuple[str, ...]:
        """Examples of questions that the firm does not answer."""
        return self._off_topic.get(language, ())


def load_library(folder: Path, details: Mapping[str, Mapping[str, str | None]]) -> Library:
    """Read `<folder>/<language>/<slug>.md`; `details[language]` holds what the placeholders stand for, None where unset.

    A line that mentions an unset detail is left out. Names that begin with _ or README are no topics; `_off_topic.txt`
    holds one off-topic question a line. Raises KnowledgeError with every mistake of every file."""
    reading = _Reading(folder)
    for language in LANGUAGES:
        reading.read_language(language, details.get(language, {}))
    for stray in sorted(
        path.name for path in folder.glob("[a-z][a-z]") if path.is_dir() and path.name not in LANGUAGES
    ):
        reading.mistakes.append(f"{stray}: no answers are given in this language; use {', '.join(LANGUAGES)}")
    if not reading.topics and not reading.mistakes:
        wanted = f"{folder.name}/{LANGUAGES[0]}/<topic>.md"
        reading.mistakes.append(f"{folder}: there is no topic; write at least one file {wanted}")
    if reading.mistakes:
        raise KnowledgeError(reading.mistakes)
    return Library(reading.fingerprint.hexdigest()[:12], reading.topics, reading.off_topic)


class _Reading:
    """One pass over the folder, which goes on after a mistake to find the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mistakes: list[str] = []
        self.topics: dict[str, dict[str, Topic]] = {}
        self.off_topic: dict[str, tuple[str, ...]] = {}
        self.fingerprint = hashlib.sha256()

    def read_language(self, language: str, details: Mapping[str, str | None]) -> None:
        asked: dict[str, str] = {}  # what is asked, in small letters, and where
        for path in sorted((self.folder / language).glob("*.md")):
            if not path.name.startswith(("_", ".", "README")):
                self._read_topic(path, language, details, asked)
        path = self.folder / language / "_off_topic.txt"
        if path.is_file() and (raw := self._text(path)) is not None:
            lines = (line.strip() for line in raw.split("\n"))
            self.off_topic[language] = tuple(line for line in lines if line and not line.startswith("#"))
            self.fingerprint.update(raw.encode())

    def _read_topic(self, path: Path, language: str, details: Mapping[str, str | None], asked: dict[str, str]) -> None:
        name = f"{language}/{path.name}"
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem):
            self._report(
                name, Mistake(1, "the file's name is no public name", "use small letters, digits and hyphens only")
            )
        raw = self._text(path)
        if raw is None:
            return
        read = TopicFile(path.stem, language, raw, details)
        for mistake in read.mistakes:
            self._report(name, mistake)
        for line, question in read.asked:
            place = asked.setdefault(" ".join(re.findall(r"\w+", question.lower())), f"{name}:{line}")
            if place != f"{name}:{line}":
                self._report(name, Mistake(line, f"{question!r} is already asked in {place}", "remove one of the two"))
        if read.topic:
            self.topics.setdefault(language, {})[path.stem] = read.topic
            self.fingerprint.update(repr(read.topic).encode())

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            mistake = Mistake(line, "the file is not written in UTF-8", "save it as UTF-8 in your editor")
            self._report(f"{path.parent.name}/{path.name}", mistake)
            return None

    def _report(self, name: str, mistake: Mistake) -> None:
        self.mistakes.append(f"{name}:{mistake}")
