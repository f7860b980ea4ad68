"""Writes what visitors ask into topic files: as an example of a topic, or as the draft of a new one for the owner to finish."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from okichat.knowledge.suggestions import Suggestion
from okichat.knowledge.words import fold

_MOST_EXAMPLES = 5
_QUESTION = re.compile(r"  *- ")


def write(suggestion: Suggestion, folder: Path) -> Path:
    """Add the question to its topic's examples in `folder`, or begin a draft; the file that was written.

    A draft's name begins with _, so that no visitor is answered from it before the owner has renamed it."""
    language = folder / suggestion.language
    path = language / f"{suggestion.topic}.md"
    if suggestion.topic and path.is_file() and _add_example(path, suggestion.question):
        return path
    slug = "-".join(re.findall(r"[a-z0-9]+", fold(suggestion.question))[:6]) or "question"
    path = language / f"_{slug}.md"
    if not path.exists():
        language.mkdir(parents=True, exist_ok=True)
        path.write_text(_draft(suggestion), encoding="utf-8")
    return path


def _add_example(path: Path, question: str) -> bool:
    """After the last example: the first one is what visitors see on a button. False for a list that is not one line each."""
    lines = path.read_bytes().decode("utf-8-sig").split("\n")
    last = next((number for number, line in enumerate(lines) if line.rstrip() == "questions:"), None)
    if last is None:
        return False
    while last + 1 < len(lines) and _QUESTION.match(lines[last + 1]):
        last += 1
    ending = "\r" if lines[last].endswith("\r") else ""
    indent = lines[last][: lines[last].index("-")] if "-" in lines[last] else "  "
    line = f"{indent}- {_yaml(question)}{ending}"
    if line not in lines:
        lines.insert(last + 1, line)
        path.write_bytes("\n".join(lines).encode())
    return True


def _draft(suggestion: Suggestion) -> str:
    asked = "".join(f"  - {_yaml(text)}\n" for text in (suggestion.question, *suggestion.others)[:_MOST_EXAMPLES])
    return f"---\ntitle: {_yaml(suggestion.question)}\nquestions:\n{asked}---\n\n"


def _yaml(text: str) -> str:
    """The text as one line of YAML, quoted where it must be."""
    return str(yaml.safe_dump(" ".join(text.split()), allow_unicode=True, width=10_000)).removesuffix("...\n").strip()
