"""What is doubtful in a site's own templates: what Jinja takes without a word, and no visitor ever sees."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, meta, nodes

from okichat.content import folder

_SHIPPED = "okichat/"
_STATIC = "static"

Kind = Literal["unused", "itself", "block", "outside", "file"]


@dataclass(frozen=True, slots=True)
class TemplateDoubt:
    """`kind` has the sentence `check.templates.<kind>`, which `values` fill; `is_error` where a page breaks."""

    kind: Kind
    values: dict[str, str | int]

    @property
    def is_error(self) -> bool:
        """Whether a visitor gets an error instead of a page."""
        return self.kind in ("itself", "file")


def template_doubts(environment: Environment, own: Path) -> Iterator[TemplateDoubt]:
    """Every doubt about the folder `own`, whose templates `environment` loads, and can compile."""
    shipped = {path.relative_to(folder("templates")).as_posix() for path in folder("templates").rglob("*.html")}
    trees = {path.relative_to(own).as_posix(): _tree(environment, path) for path in sorted(own.rglob("*.html"))}
    used = shipped.union(*(filter(None, meta.find_referenced_templates(tree)) for tree in trees.values()))
    others = {path.relative_to(own) for path in own.rglob("*") if path.is_file() and path.suffix != ".html"}
    idle = {path.as_posix() for path in others if path.parts[0] != _STATIC and not path.name.startswith(".")}
    for name in sorted((trees.keys() - used) | idle):
        near = difflib.get_close_matches(name, [*shipped, f"{_STATIC}/site.css", f"{_STATIC}/mark.svg"], 1, 0)
        yield TemplateDoubt("unused", {"name": name, "near": near[0]})
    for name, tree in trees.items():
        yield from _missing_files(name, tree, own)
        yield from _lost(environment, name, tree)


def _tree(environment: Environment, path: Path) -> nodes.Template:
    return environment.parse(path.read_text(encoding="utf-8"))


def _missing_files(name: str, tree: nodes.Template, own: Path) -> Iterator[TemplateDoubt]:
    for call in tree.find_all(nodes.Call):
        is_asset = isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args
        file = call.args[0].value if is_asset and isinstance(call.args[0], nodes.Const) else None
        if file and not any((static / file).is_file() for static in (own / _STATIC, folder("static"))):
            yield TemplateDoubt("file", {"name": name, "line": call.lineno, "file": file})


def _lost(environment: Environment, name: str, tree: nodes.Template) -> Iterator[TemplateDoubt]:
    """What stands in a template that extends another, where the other has no place for it."""
    parent = _parent(tree)
    if parent is None:
        return
    if parent == name:
        yield TemplateDoubt("itself", {"name": name})
        return
    known = _blocks(environment, parent)
    for node in tree.body:
        if isinstance(node, nodes.Block) and node.name not in known:
            values = {"name": name, "block": node.name, "parent": parent, "blocks": ", ".join(sorted(known)) or "–"}
            yield TemplateDoubt("block", {**values, "line": node.lineno})
        elif isinstance(node, nodes.Output) and (written := _written(node)):
            yield TemplateDoubt("outside", {"name": name, "line": written.lineno})


def _parent(tree: nodes.Template) -> str | None:
    extends = next((node for node in tree.body if isinstance(node, nodes.Extends)), None)
    return extends.template.value if extends and isinstance(extends.template, nodes.Const) else None


def _blocks(environment: Environment, name: str) -> set[str]:
    """The blocks of a template and of all that it extends."""
    assert environment.loader is not None
    found: set[str] = set()
    seen: set[str] = set()
    parent: str | None = name
    while parent is not None and parent not in seen:
        seen.add(parent)
        tree = environment.parse(environment.loader.get_source(environment, parent)[0])
        found |= {block.name for block in tree.find_all(nodes.Block)}
        parent = _parent(tree)
    return found


def _written(output: nodes.Output) -> nodes.Node | None:
    """The first thing in it that would be seen."""
    return next((n for n in output.nodes if not isinstance(n, nodes.TemplateData) or n.data.strip()), None)
