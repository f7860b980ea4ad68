"""Changes to the knowledge folder from what visitors asked: looked at before they are kept, so that no change stops a start."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from okichat.knowledge.drafts import draft, draft_name, with_example, without_example
from okichat.knowledge.lint import Details, Doubt, lint
from okichat.knowledge.suggestions import Suggestion


class NotChanged(Exception):
    """The change would mislead visitors, or the file's form does not allow it. `doubts` is empty for the latter."""

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__("; ".join(f"{doubt.wrong}; {doubt.mend}" for doubt in doubts))
        self.doubts = doubts


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it would be: its place in the folder, such as "fr/tarifs.md", and all it holds."""

    place: str
    content: bytes


class Editing:
    """Writes into one knowledge folder, where its host lets it. Safe with many threads."""

    def __init__(self, folder: Path, details: Details, today: Callable[[], date], *, forgets: bool) -> None:
        """`forgets`: the host throws its disk away, so that writing there would be lost work."""
        self.folder = folder
        self._details = details
        self._today = today
        self._forgets = forgets
        self._lock = threading.Lock()

    def can_write(self, language: str) -> bool:
        """Whether changes can be kept here; else the owner has to be given the file."""
        return not self._forgets and os.access(self.folder / language, os.W_OK)

    def example(self, suggestion: Suggestion, slug: str) -> Change:
        """The topic's file with the question among its examples. Raises NotChanged."""
        place = f"{suggestion.language}/{slug}.md"
        path = self.folder / place
        content = with_example(path.read_bytes(), suggestion.question) if path.is_file() else None
        if content is None:
            raise NotChanged([])
        return self._harmless(Change(place, content))

    def without_example(self, place: str, question: str) -> Change | None:
        """The topic's file at `place` without that example; None where it is not there any more. Raises NotChanged."""
        path = self.folder / place
        content = without_example(path.read_bytes(), question) if path.is_file() else None
        return self._harmless(Change(place, content)) if content is not None else None

    def is_so(self, change: Change) -> bool:
        """Whether the file is already as it would be."""
        path = self.folder / change.place
        return path.is_file() and path.read_bytes() == change.content

    def draft(self, suggestion: Suggestion) -> Change:
        """A new topic's file for the owner to finish."""
        return Change(f"{suggestion.language}/{draft_name(suggestion)}", draft(suggestion).encode())

    def write(self, suggestion: Suggestion) -> Path | None:
        """Keep an example of its topic, or a draft where it has none or does not fit; the file, None where it cannot be kept."""
        change, replace = self.draft(suggestion), False
        if suggestion.topic:
            with suppress(NotChanged):
                change, replace = self.example(suggestion, suggestion.topic), True
        return self.folder / change.place if self.keep(change, replace=replace) else None

    def keep(self, change: Change, *, replace: bool) -> bool:
        """Write it, in one step; False where it could not be written. Without `replace` a file that is there stays as it is."""
        path = self.folder / change.place
        with self._lock:
            if not replace and path.exists():
                return True
            try:
                path.parent.mkdir(exist_ok=True)
                mode = path.stat().st_mode if path.exists() else 0o644
                with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as new:
                    new.write(change.content)
                os.chmod(new.name, mode)
                os.replace(new.name, path)
            except OSError:
                return False
        return True

    def _harmless(self, change: Change) -> Change:
        """The change itself. Raises NotChanged."""
        if doubts := self._doubts_about(change):
            raise NotChanged(doubts)
        return change

    def _doubts_about(self, change: Change) -> list[Doubt]:
        """What would be wrong with the folder that is not wrong now."""
        with tempfile.TemporaryDirectory(prefix="okichat-") as scratch:
            copy = Path(scratch) / self.folder.name
            shutil.copytree(self.folder, copy)
            known = {_without_line(doubt) for doubt in self._errors(copy)}
            (copy / change.place).write_bytes(change.content)
            return [doubt for doubt in self._errors(copy) if _without_line(doubt) not in known]

    def _errors(self, folder: Path) -> list[Doubt]:
        doubts = lint(folder, self._details, self._today(), lambda _path: True)  # a question has no links
        return [doubt for doubt in doubts if doubt.is_error]


def _without_line(doubt: Doubt) -> tuple[str, str]:
    return doubt.place.partition(":")[0], doubt.wrong
