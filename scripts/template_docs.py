"""Writes the table of templates in docs/templates.md from okichat/web/public.py and the templates themselves (`make docs`)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from jinja2 import Environment, nodes

from okichat.content import folder
from okichat.web.public import PUBLIC, Given

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "templates.md"
BEGIN, END = "<!-- templates -->\n", "<!-- /templates -->"


def guide(text: str) -> str:
    """The guide with its table as the code has it."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def table() -> str:
    """One row for each template."""
    rows = "".join(f"| `{name}` | {_given(given)} | {_blocks(name)} |\n" for name, given in PUBLIC.items())
    return f"| template | is given | its own blocks |\n|---|---|---|\n{rows}"


def blocks_of(name: str) -> list[str]:
    """The blocks that this template itself has, in their order."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse((folder("templates") / name).read_text(encoding="utf-8"))
    return list(dict.fromkeys(block.name for block in tree.find_all(nodes.Block)))


def _given(given: Given) -> str:
    return ", ".join(f"`{name}`: {_types(types)}" for name, types in given.items()) or "nothing"


def _types(types: tuple[type | None, ...]) -> str:
    named = [kind.__name__ for kind in types if kind]
    return " or ".join(named) + (", or absent" if None in types else "")


def _blocks(name: str) -> str:
    return ", ".join(f"`{block}`" for block in blocks_of(name)) or "none"


if __name__ == "__main__":
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
