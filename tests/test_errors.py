"""The tree of errors can be read on one screen."""

from __future__ import annotations

import ast
from pathlib import Path

from okichat import errors

PACKAGE = Path(errors.__file__).parent


def test_the_picture_of_the_tree_shows_every_error() -> None:
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    tree = {"OkichatError"}
    while grown := {name for name, above in bases.items() if above & tree} - tree:
        tree |= grown

    assert len(tree) > 20
    assert [name for name in sorted(tree) if name not in (errors.__doc__ or "")] == []
