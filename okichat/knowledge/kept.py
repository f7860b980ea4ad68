"""What was learned from the topics, kept beside them as Python keeps what it compiled: the next start reads it.

It is used only for the very topics, words and code that it was made of, and holds nothing but numbers and words."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from okichat.knowledge.learning import Learned

_ROOM = Path(__file__).parent
_MOST_FILES = 8  # of earlier topics; the oldest go first


@cache
def _version_of_code() -> bytes:
    """Changes with everything that decides what is learned, except the topics."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted((*_ROOM.glob("*.py"), *_ROOM.glob("lexicon/*.txt"))):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.digest()


class KeptLearning:
    """The files of one folder of topics. Where nothing can be written there, everything is learned at each start."""

    def __init__(self, topics: Path, version: str) -> None:
        """`version` of the library that was read from the folder `topics`."""
        self._folder = topics / "__pycache__"
        self._version = version

    def learned(self, language: str, learn: Callable[[], Learned]) -> Learned:
        """What `learn` gives, or gave at an earlier start."""
        path = self._folder / f"{language}.{self._name(language)}.json"
        found = _read(path)
        if found is not None:
            return Learned.from_plain(found)
        learned = learn()
        with contextlib.suppress(OSError):
            self._write(path, learned)
        return learned

    def _name(self, language: str) -> str:
        return hashlib.sha256(_version_of_code() + f"{self._version} {language}".encode()).hexdigest()[:32]

    def _write(self, path: Path, learned: Learned) -> None:
        body = json.dumps(learned.plain(), ensure_ascii=False, separators=(",", ":")).encode()
        self._folder.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".new")
        try:
            with os.fdopen(handle, "wb") as file:
                os.chmod(name, 0o644)  # whoever serves need not be who installed
                file.write(_digest(body) + body)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
        # Not this one, however old it looks: others may have come by a clock that was ahead.
        others = [kept for kept in self._folder.glob("*.json") if kept != path]
        for old in sorted(others, key=lambda kept: kept.stat().st_mtime, reverse=True)[_MOST_FILES - 1 :]:
            old.unlink(missing_ok=True)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n"


def _read(path: Path) -> dict[str, Any] | None:
    """What a file holds; None where there is none, or it is not whole."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if head + b"\n" != _digest(body):
        return None
    plain: dict[str, Any] = json.loads(body)
    return plain
