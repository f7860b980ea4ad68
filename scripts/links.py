"""Dead links in the documents: files and headings they point at that are not there. No network: other sites are not asked."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|(?:href|src)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def documents(root: Path) -> list[Path]:
    """The Markdown files people read about the project; the knowledge base is not among them."""
    folders = (".", "docs/**", "deploy/**", "static/**", ".github/**")
    return sorted(path for folder in folders for path in root.glob(f"{folder}/*.md"))


def anchors(document: str) -> set[str]:
    """The names of a document's headings, as code hosts make them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", document)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 1
        unique = name
        while unique in found:
            unique, number = f"{name}-{number}", number + 1
        found.add(unique)
    return found


def dead_links(root: Path) -> Iterator[str]:
    """One line for each dead link: the document, its line, the link."""
    for document in documents(root):
        text = document.read_text(encoding="utf-8")
        prose = _CODE.sub(_blank, _FENCE.sub(_blank, text))
        for match in _LINK.finditer(prose):
            target = match[1] or match[2]
            if not _leads_somewhere(root, document, target):
                line = prose.count("\n", 0, match.start()) + 1
                yield f"{document.relative_to(root)}:{line}: {target} leads nowhere"


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])  # line numbers stay true


def _leads_somewhere(root: Path, document: Path, target: str) -> bool:
    pieces = urlsplit(target)
    if pieces.scheme or pieces.netloc:
        return True
    path = unquote(pieces.path)
    file = document if not path else root / path.lstrip("/") if path.startswith("/") else document.parent / path
    if not file.exists():
        return False
    if not pieces.fragment or file.suffix != ".md":
        return True
    return unquote(pieces.fragment) in anchors(file.read_text(encoding="utf-8"))


def main() -> int:
    """Print the dead links; 1 if there are any."""
    dead = list(dead_links(ROOT))
    for line in dead:
        print(line)
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
