"""What visitors ask, as text of a topic file: an example of a topic, or the draft of a new one for the owner to finish.

A visitor's words become one line of YAML that says what they say and nothing else: no field, no placeholder, no mark-up."""

from __future__ import annotations

import re
import unicodedata

import yaml

from okichat.knowledge.suggestions import Suggestion
from okichat.knowledge.words import fold

_MOST_EXAMPLES = 5
_QUESTION = re.compile(r"  *- ")
_BRACES = str.maketrans("{}", "()")  # in braces stands a detail of the firm


def with_example(raw: bytes, question: str) -> bytes | None:
    """A topic's file with the question after its last example: the first one is what visitors see on a button.

    None for a list that is not one line each."""
    lines = raw.decode("utf-8-sig").split("\n")
    examples = _examples(lines)
    if examples is None:
        return None
    last = lines[examples.stop - 1]  # which is the heading where there is no example
    ending = "\r" if last.endswith("\r") else ""
    indent = last[: last.index("-")] if "-" in last else "  "
    line = f"{indent}- {_yaml(question)}{ending}"
    if line in lines:
        return raw
    lines.insert(examples.stop, line)
    return "\n".join(lines).encode()


def without_example(raw: bytes, question: str) -> bytes | None:
    """A topic's file without the example that `with_example` made of the question; None where it is not there."""
    lines = raw.decode("utf-8-sig").split("\n")
    line = f"- {_yaml(question)}"
    found = [number for number in _examples(lines) or () if lines[number].strip() == line]
    if not found:
        return None
    del lines[found[-1]]
    return "\n".join(lines).encode()


def _examples(lines: list[str]) -> range | None:
    """Which lines are examples; None for a list that is not one line each."""
    first = next((number for number, line in enumerate(lines, 1) if line.rstrip() == "questions:"), None)
    if first is None:
        return None
    end = first
    while end < len(lines) and _QUESTION.match(lines[end]):
        end += 1
    return range(first, end)


def draft_name(suggestion: Suggestion) -> str:
    """The name of the file in which a new topic is begun; no visitor is answered from it while it begins with _."""
    slug = "-".join(re.findall(r"[a-z0-9]+", fold(suggestion.question))[:6])[:80].strip("-") or "question"
    return f"_{slug}.md"


def draft(suggestion: Suggestion) -> str:
    """A topic's file with a title and examples, whose text the owner has to write."""
    asked = "".join(f"  - {_yaml(text)}\n" for text in (suggestion.question, *suggestion.others)[:_MOST_EXAMPLES])
    return f"---\ntitle: {_yaml(suggestion.question)}\nquestions:\n{asked}---\n\n"


def _yaml(text: str) -> str:
    """The text as one line of YAML, quoted where it must be; without characters that nobody sees."""
    line = " ".join(text.translate(_BRACES).split())
    shown = "".join(character for character in line if unicodedata.category(character)[0] != "C")
    return str(yaml.safe_dump(shown, allow_unicode=True, width=10_000)).removesuffix("...\n").strip()
