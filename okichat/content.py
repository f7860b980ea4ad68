"""Where the content is that Okichat ships: templates, static files, translations, knowledge, prompts.

In the checkout it lies beside the package, where people edit it; in an installed wheel inside the package."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Name = Literal["templates", "static", "translations", "knowledge", "prompts"]
_PACKAGE = Path(__file__).parent


def folder(name: Name) -> Path:
    """The folder with the shipped `name`; it exists in the checkout, in an editable install and in a wheel."""
    if name == "prompts":  # the one that is part of the package everywhere
        return _PACKAGE / name
    shipped = _PACKAGE / "shipped" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name
