"""deploy/Dockerfile as Docker would read it: its stages, what they run, and which files they copy."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
from pathlib import Path

from tests.served import ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, in order, FROM included."""
    found: list[list[tuple[str, str]]] = []
    for line in DOCKERFILE.read_text().replace("\\\n", " ").splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def image() -> dict[str, str]:
    """The last instruction of each kind of the stage that becomes the image."""
    return dict(stages()[-1])


def command(instruction: str) -> list[str]:
    """The words of an instruction that is written as a list, or of the list behind CMD in it."""
    words: list[str] = json.loads(image()[instruction].rpartition("CMD ")[2])
    return words


def is_in_the_build_context(path: str) -> bool:
    """As Docker reads .dockerignore: the last line that matches decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!")
        parents = [path, *(parent.as_posix() for parent in Path(path).parents)]
        if any(
            fnmatch.fnmatch(each, pattern.removeprefix("**/")) or fnmatch.fnmatch(each, pattern) for each in parents
        ):
            kept = line.startswith("!")
    return kept


def copy_into(folder: Path) -> None:
    """Put the files there that the image takes from the checkout."""
    for sources, target in re.findall(r"^(?!--from)(.*) (\S+)$", "\n".join(_copied()), re.MULTILINE):
        for name in sources.split():
            source = ROOT / name
            for file in [source] if source.is_file() else source.rglob("*"):
                path = file.relative_to(ROOT).as_posix()
                if file.is_file() and is_in_the_build_context(path):
                    into = folder / (path if target == "./" else path.replace(name, target, 1))
                    into.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, into)


def _copied() -> list[str]:
    return [rest for word, rest in stages()[-1] if word == "COPY"]
