"""What is doubtful in a knowledge folder that can be read: told with its file, its line and the mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import starmap
from pathlib import Path

from okichat.errors import KnowledgeError
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.topic_file import PLACEHOLDER
from okichat.knowledge.validity import endings
from okichat.knowledge.words import wording

_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)>\s]+)|^link:\s*[\"']?([^\s\"']+)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LEAST_TELLING_WORDS = 2

Details = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to mend. `is_error` tells what misleads visitors from what the owner may have meant."""

    place: str
    wrong: str
    mend: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'warning'}  {self.place}: {self.wrong}; {self.mend}"


def lint(folder: Path, details: Details, day: date, is_served: Callable[[str], bool]) -> list[Doubt]:
    """Every doubt about the topics of `folder`; `is_served` says whether this site has a page at a path."""
    try:
        library = load_library(folder, details)
    except KnowledgeError as error:
        split = (mistake.partition("; ") for mistake in error.mistakes)
        return [Doubt(*found.partition(": ")[::2], mend) for found, _, mend in split]
    doubts = [*_repeated_examples(folder, library), *_dates(folder, library, day), *_untranslated(library)]
    doubts += [*_no_off_topic(library), *_unread(folder)]
    left_out: dict[str, list[str]] = {}
    for path in sorted(folder.glob("[a-z][a-z]/[!_.]*.md")):
        if library.topic(path.stem, path.parent.name):
            of_language = details.get(path.parent.name, {})
            doubts += _lines(path, of_language, is_served)
            for place, detail in _left_out(path, of_language):
                left_out.setdefault(detail, []).append(place)
    return [*doubts, *starmap(_unset, left_out.items())]


def _repeated_examples(folder: Path, library: Library) -> Iterator[Doubt]:
    """Examples of two topics made of the same words: the search cannot tell these topics apart."""
    for language in library.languages:
        spoken = wording(language)
        seen: dict[frozenset[str], tuple[str, str]] = {}
        for topic in library.topics(language):
            for question in topic.questions:
                stems = frozenset(spoken.stem(word) for word in spoken.words(question))
                slug, other = seen.setdefault(stems, (topic.slug, question))
                if slug != topic.slug and len(stems) >= _LEAST_TELLING_WORDS:
                    wrong = f"{question!r} is nearly {other!r} of {slug}.md"
                    yield Doubt(_place(folder, language, topic.slug, question), wrong, "keep it where it belongs")


def _dates(folder: Path, library: Library, day: date) -> Iterator[Doubt]:
    for ending in endings(library, day):
        topic, left = ending.topic, ending.days_left
        wrong = f"the topic ended on {topic.valid_until}" if left < 0 else f"the topic ends in {left} days"
        place = _place(folder, topic.language, topic.slug, "valid_until")
        yield Doubt(place, wrong, "bring it up to date and set a new valid_until", is_error=left < 0)


def _untranslated(library: Library) -> Iterator[Doubt]:
    for language in library.languages:
        for other in library.languages:
            for topic in library.topics(other):
                if library.topic(topic.slug, language) is None:
                    wrong = f"{other}/{topic.slug}.md has no translation"
                    yield Doubt(f"{language}/{topic.slug}.md", wrong, "write this file", is_error=False)


def _no_off_topic(library: Library) -> Iterator[Doubt]:
    """Languages in which the search has never seen a question that the firm does not answer."""
    for language in library.languages:
        if not library.off_topic(language):
            wrong = "without examples of what the firm does not answer, such questions get an answer too"
            mend = "write thirty or more of them into this file, one a line"
            yield Doubt(f"{language}/_off_topic.txt", wrong, mend, is_error=False)


def _unread(folder: Path) -> Iterator[Doubt]:
    """Files beside the topics that look like one, and are none: `tarifs.md.txt`, as some editors save it."""
    for path in sorted(folder.glob("[a-z][a-z]/[!_.]*")):
        if path.suffix != ".md" and not path.name.startswith("README"):
            mend = "give it a name that ends in .md, or begin its name with _"
            yield Doubt(f"{path.parent.name}/{path.name}", "this is not read", mend, is_error=False)


def _lines(path: Path, details: Mapping[str, str | None], is_served: Callable[[str], bool]) -> Iterator[Doubt]:
    name = f"{path.parent.name}/{path.name}"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    for number, line in enumerate(lines, 1):
        for found in _LINK.finditer(line):
            target = found[1] or found[2]
            if not _ELSEWHERE.match(target) and not PLACEHOLDER.search(target) and not is_served(target):
                mend = "write a path of this site, such as /contact, or a whole address"
                yield Doubt(f"{name}:{number}", f"the link to {target} leads nowhere", mend)
        if line.startswith("## ") and not _has_text(lines[number:], details):
            wrong = f"the section {line[3:]!r} is empty with these settings and not shown"
            yield Doubt(f"{name}:{number}", wrong, "add a line that holds always", is_error=False)


def _left_out(path: Path, details: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """The places of the lines that are not shown, each with the detail that is not set."""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        unset = [word for word in PLACEHOLDER.findall(line) if word in details and not details[word]]
        if unset:
            yield f"{path.parent.name}/{path.name}:{number}", unset[0]


def _unset(detail: str, places: list[str]) -> Doubt:
    """One doubt for a detail, however many lines wait for it."""
    first, *others = places
    wrong = f"left out, because {{{detail}}} is not set" + (f" (and in {len(others)} more lines)" if others else "")
    return Doubt(first, wrong, "set it, or leave it so if the firm has none", is_error=False)


def _has_text(lines: list[str], details: Mapping[str, str | None]) -> bool:
    for line in lines:
        if line.startswith("## "):
            return False
        if line.strip() and all(details.get(word) for word in PLACEHOLDER.findall(line)):
            return True
    return False


def _place(folder: Path, language: str, slug: str, text: str) -> str:
    """Where in the topic's file this text stands."""
    name = f"{language}/{slug}.md"
    lines = (folder / name).read_text(encoding="utf-8-sig").splitlines()
    return next((f"{name}:{number}" for number, line in enumerate(lines, 1) if text in line), name)
