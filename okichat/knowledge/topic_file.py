"""One topic file, front matter and Markdown, turned into a Topic; every mistake in it is told with its line and the mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads a file in 0.5 ms instead of 10
_KEYS = ("title", "questions", "synonyms", "link", "valid_from", "valid_until")
_LONGEST_OFFER_CHARS = 60
PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")  # of a detail of the firm


Validity = Literal["valid", "not_yet", "ended"]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and the Markdown below it, placeholders filled. The lead of a topic has no heading."""

    heading: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What one file says about one subject, in one language. Its first section is the lead."""

    slug: str
    language: str
    title: str
    questions: tuple[str, ...]
    synonyms: tuple[str, ...]
    sections: tuple[Section, ...]
    link: str | None
    valid_from: date | None
    valid_until: date | None

    @property
    def text(self) -> str:
        """The whole topic as Markdown."""
        return "\n\n".join(f"## {part.heading}\n\n{part.text}" if part.heading else part.text for part in self.sections)

    def validity(self, day: date) -> Validity:
        """Whether what the topic says holds on that day; `valid_until` is the last day on which it does."""
        if self.valid_until and day > self.valid_until:
            return "ended"
        return "not_yet" if self.valid_from and day < self.valid_from else "valid"

    def offer(self, section: Section) -> str:
        """What a button says that leads to this section; the search finds the section by these very words."""
        if not section.heading:
            return self.questions[0]
        whole = f"{self.title} · {section.heading}"
        return whole if len(whole) <= _LONGEST_OFFER_CHARS else section.heading


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong on one line of a file, and how to mend it."""

    line: int
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.line}: {self.wrong}; {self.mend}"


class TopicFile:
    """Reads one file. `topic` is None when there are `mistakes`; `asked` has each question with its line."""

    def __init__(self, slug: str, language: str, raw: str, details: Mapping[str, str | None]) -> None:
        self.mistakes: list[Mistake] = []
        self.asked: list[tuple[int, str]] = []
        self.topic: Topic | None = None
        self._details = details
        lines = raw.split("\n")
        fences = [number for number, line in enumerate(lines) if line.rstrip() == "---"][:2]
        if len(fences) < 2 or fences[0] != 0:
            self._wrong(
                1,
                "the file has no front matter",
                "begin it with a line ---, the title and the questions, and another line ---",
            )
            return
        fields = self._front_matter(lines[1 : fences[1]])
        sections = self._sections(lines[fences[1] + 1 :], fences[1] + 2)
        if not self.mistakes:
            self.topic = Topic(slug=slug, language=language, sections=sections, **fields)

    def _wrong(self, line: int, wrong: str, mend: str) -> None:
        self.mistakes.append(Mistake(line, wrong, mend))

    def _front_matter(self, lines: list[str]) -> dict[str, Any]:
        try:
            root = yaml.compose("\n".join(lines), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 2
            self._wrong(line, f"this is no valid YAML ({error.problem})", 'put the text between straight quotes: "…"')
            return {}
        except yaml.YAMLError:
            self._wrong(
                2, "the front matter holds a character that YAML does not allow", "remove invisible control characters"
            )
            return {}
        if not isinstance(root, yaml.MappingNode):
            self._wrong(2, "the front matter has no fields", "write title: and questions:")
            return {}
        nodes: dict[str, yaml.Node] = {}
        for key, value in root.value:
            line = key.start_mark.line + 2
            if key.value not in _KEYS:
                self._wrong(line, f"unknown field {key.value!r}", f"use one of {', '.join(_KEYS)}")
            elif key.value in nodes:
                self._wrong(line, f"the field {key.value!r} stands here twice", "keep one of the two")
            else:
                nodes[key.value] = value
        return self._fields(nodes)

    def _fields(self, nodes: dict[str, yaml.Node]) -> dict[str, Any]:
        title = self._one(nodes.get("title"))
        if "title" not in nodes or title == "":
            self._wrong(2, "the topic has no title", "add a line title: and the words that visitors see")
        questions = self._several(nodes.get("questions"))
        if not questions:
            self._wrong(
                2, "the topic has no example question", "add questions: and at least one line - with a question"
            )
        self.asked = questions
        link = self._one(nodes.get("link"))
        if link and not link.startswith(("https://", "http://", "/")):
            self._wrong(
                _line(nodes["link"]), f"{link!r} is no address", "write a whole address that begins with https://"
            )
        begins, ends = self._day(nodes.get("valid_from")), self._day(nodes.get("valid_until"))
        if begins and ends and begins > ends:
            self._wrong(_line(nodes["valid_until"]), "valid_until is before valid_from", "swap the two dates")
        return {
            "title": title or "",
            "questions": tuple(text for _, text in questions),
            "synonyms": tuple(text for _, text in self._several(nodes.get("synonyms"))),
            "link": link or None,
            "valid_from": begins,
            "valid_until": ends,
        }

    def _one(self, node: yaml.Node | None) -> str | None:
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(_line(node), "one text is expected here", 'write it on one line, between straight quotes: "…"')
            return None
        text = str(node.value).strip()
        if PLACEHOLDER.search(text):
            self._wrong(
                _line(node), "a placeholder stands in the front matter", "use it only in the text below the second ---"
            )
        return text

    def _several(self, node: yaml.Node | None) -> list[tuple[int, str]]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(_line(node), "a list is expected here", "begin each entry with - on its own line")
            return []
        found = [(_line(entry), self._one(entry)) for entry in node.value]
        return [(line, text) for line, text in found if text]

    def _day(self, node: yaml.Node | None) -> date | None:
        text = self._one(node)
        if node is None or not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._wrong(_line(node), f"{text!r} is no date", "write year-month-day, such as 2026-12-31")
            return None

    def _sections(self, lines: list[str], first_line: int) -> tuple[Section, ...]:
        """The body cut at its ## headings. A line that mentions an unset detail is left out."""
        heads: list[tuple[str | None, int]] = [(None, first_line)]
        bodies: list[list[str]] = [[]]
        for number, line in enumerate(lines, first_line):
            filled = self._filled(line, number)
            if line.startswith("## "):
                heads.append(((filled or "").removeprefix("## ").strip(), number))
                bodies.append([])
            elif filled is not None:
                bodies[-1].append(filled)
        sections = []
        for (heading, number), body in zip(heads, bodies, strict=True):
            text = re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip()
            if text:
                sections.append(Section(heading, text))
            elif heading is None:
                self._wrong(
                    number,
                    "nothing stands before the first heading",
                    "write one to three sentences that answer without optional details",
                )
            elif not self._had_text(lines, number - first_line + 1):
                self._wrong(number, f"nothing stands below the heading {heading!r}", "write its text, or remove it")
        return tuple(sections)

    def _had_text(self, lines: list[str], start: int) -> bool:
        """Whether the section that starts there has text in the file, which only unset details have emptied."""
        for line in lines[start:]:
            if line.startswith("## "):
                return False
            if line.strip():
                return True
        return False

    def _filled(self, line: str, number: int) -> str | None:
        names = PLACEHOLDER.findall(line)
        for name in names:
            if name not in self._details:
                known = ", ".join(f"{{{name}}}" for name in sorted(self._details)) or "none"
                self._wrong(number, f"unknown placeholder {{{name}}}", f"use one of {known}")
        if any(not self._details.get(name) for name in names):
            return None
        return PLACEHOLDER.sub(lambda found: self._details[found[1]] or "", line)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 2
