"""The archive that a backup is: a zip file of JSON lines and of the owner's files, which says of itself what it holds.

manifest.json           version, revision of the tables, date; of every part its size, SHA-256 and number of rows
database/<table>.jsonl  one JSON object a row: times as ISO 8601, JSON columns as their text
settings.env            what differs from the defaults, without secrets
knowledge/ prompts/ templates/ translations/"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from okichat.errors import BackupError
from okichat.storage.schema import REVISIONS

MANIFEST, SETTINGS, DATABASE = "manifest.json", "settings.env", "database"
FORMAT = 1
_LARGEST_MANIFEST_BYTES = 4_000_000
_CHUNK_BYTES = 1 << 16
_TABLE = re.compile(rf"{DATABASE}/([a-z_]+)\.jsonl")
_FILE = re.compile(r"(knowledge|prompts|templates|translations)(/[^/\\\x00-\x1f:.][^/\\\x00-\x1f:]*)+")
# Facts that are secrets by their name, which are made anew where they are missing, and what running processes tell each other.
_STAYS_OUT = re.compile(r"secret|key|salt|token|password|^instance:|^drift:")


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the archive. `rows` is None for a file."""

    name: str
    bytes: int
    sha256: str
    rows: int | None = None

    @property
    def table(self) -> str | None:
        """The table whose rows it holds."""
        found = _TABLE.fullmatch(self.name)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    okichat: str
    revision: str
    made_at: datetime
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(part.rows or 0 for part in self.parts)

    def to_json(self) -> str:
        """As it is written."""
        made_at = self.made_at.isoformat(timespec="seconds")
        return json.dumps({"format": FORMAT, **asdict(self), "made_at": made_at}, indent=1, ensure_ascii=False)


class Archive:
    """An archive whose every byte is what its manifest says. Opened by `opened`."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        """Raises BackupError for one that is damaged, foreign or of a newer Okichat."""
        self._file = file
        self.manifest = _manifest(file)
        for part in self.manifest.parts:
            self._check(part)

    def rows(self, part: Part) -> Generator[dict[str, Any]]:
        """The rows of a table, one after the other."""
        with self._file.open(part.name) as lines:
            for line in lines:
                try:
                    row = json.loads(line)
                except ValueError:
                    row = None
                if not isinstance(row, dict):
                    raise BackupError(f"{part.name}: a line that is no row")
                yield row

    def open(self, part: Part) -> IO[bytes]:
        """The bytes of a file."""
        return self._file.open(part.name)

    def _check(self, part: Part) -> None:
        found, size = hashlib.sha256(), 0
        with self._file.open(part.name) as content:
            while chunk := content.read(_CHUNK_BYTES):
                found.update(chunk)
                size += len(chunk)
                if size > part.bytes:
                    break
        if size != part.bytes or found.hexdigest() != part.sha256:
            raise BackupError(f"{part.name} is not what the manifest says: the archive is damaged or was changed")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An archive for reading. Raises BackupError."""
    with ExitStack() as closing:
        try:
            archive = Archive(closing.enter_context(zipfile.ZipFile(path)))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BackupError(f"{path} is no backup of Okichat, or it is damaged ({type(error).__name__})") from error
        except OSError as error:
            raise BackupError(f"{path}: {error.strerror or type(error).__name__}") from error
        yield archive


def stays_out(name: str) -> bool:
    """Whether the fact of this name is no part of a backup."""
    return _STAYS_OUT.search(name) is not None


def _manifest(file: zipfile.ZipFile) -> Manifest:
    names = file.namelist()
    if MANIFEST not in names or file.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST_BYTES:
        raise BackupError("the archive has no manifest.json: it is no backup of Okichat")
    try:
        said = json.loads(file.read(MANIFEST))
        if said["format"] != FORMAT or said["revision"] not in REVISIONS:
            raise BackupError(
                f"the archive was made by Okichat {said['okichat']} (tables {said['revision']}), which is newer than this one: "
                "update Okichat first"
            )
        parts = tuple(Part(str(p["name"]), int(p["bytes"]), str(p["sha256"]), p["rows"]) for p in said["parts"])
        made_at, left_out = datetime.fromisoformat(said["made_at"]), tuple(map(str, said["left_out"]))
        manifest = Manifest(str(said["okichat"]), said["revision"], made_at, parts, left_out)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackupError(f"manifest.json cannot be read ({type(error).__name__}): the archive is damaged") from error
    if sorted(names) != sorted([MANIFEST, *(part.name for part in parts)]):
        raise BackupError("the archive holds other parts than its manifest says: it is damaged or was changed")
    for part in parts:
        if part.name != SETTINGS and not _TABLE.fullmatch(part.name) and not _FILE.fullmatch(part.name):
            raise BackupError(f"the archive holds a part that no backup has: {part.name!r}")
    return manifest
