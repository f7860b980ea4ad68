"""An archive is read only where every byte is what its manifest says, and nothing in it can lie outside of its folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.errors import BackupError
from okichat.storage import schema
from okichat.storage.archive import opened
from tests.doubles.clock import StoppedClock
from tests.site import Site
from tests.storage.backups import backup, rewritten, rows


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a database with one question."""
    folder = tmp_path_factory.mktemp("archive")
    site = Site({"DATABASE_URL": f"sqlite:///{folder / 'a.db'}"}, StoppedClock())
    site.ask("Quels sont vos tarifs ?")
    backup(site, folder / "a.zip")
    site.close()
    return folder / "a.zip"


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "/etc/evil", "knowledge/../../evil", "knowledge/.env", "knowledge\\..\\evil", "evil", "knowledge/a:b",
        "database/../evil.jsonl", "knowledge//evil", "knowledge/./evil", "knowledge/a\nb", "knowledge/",
    ],
)  # fmt: skip
def test_a_part_that_would_leave_the_folder_is_refused_with_the_whole_archive(archive: Path, name: str) -> None:
    changed = rewritten(archive, lambda members: members.update({name: b"x"}), honest=True)

    with pytest.raises(BackupError, match="a part that no backup has"), opened(changed):
        pass


def _cut_rows(members: dict[str, bytes]) -> None:
    members["database/turns.jsonl"] = members["database/turns.jsonl"][:-5]


def _change_a_letter(members: dict[str, bytes]) -> None:
    members["database/turns.jsonl"] = members["database/turns.jsonl"].replace(b"tarifs", b"tarifz", 1)


def _add_stranger(members: dict[str, bytes]) -> None:
    members["knowledge/fr/stranger.md"] = b"x"


def _newer(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"].replace(f'"{schema.HEAD}"'.encode(), b'"9999"')


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_cut_rows, "damaged or was changed"),
        (_change_a_letter, "damaged or was changed"),
        (_add_stranger, "damaged or was changed"),
        (_newer, "update Okichat first"),
        (lambda members: members.pop("manifest.json"), "no backup of Okichat"),
        (lambda members: members.update({"manifest.json": b"[]"}), "cannot be read"),
    ],
)
def test_an_archive_that_is_not_what_it_says_is_refused(
    archive: Path, change: Callable[[dict[str, bytes]], None], sentence: str
) -> None:
    with pytest.raises(BackupError, match=sentence), opened(rewritten(archive, change)):
        pass


def _with_facts(row: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members["database/facts.jsonl"] = row

    return change


def test_rows_that_no_backup_has_are_refused_and_nothing_is_changed(
    open_site: Callable[..., Site], archive: Path
) -> None:
    site = open_site(StoppedClock())
    site.ask("recette de la ratatouille")
    before = rows(site)

    for row in (b'{"id":"x"}\n', b"[1]\n", b'{"name":"secret_key","value":"planted"}\n', b"{\n"):
        changed = rewritten(archive, _with_facts(row), honest=True)
        said = site.command("restore", "--force", str(changed))

        assert said.exit_code == 1
        assert "facts.jsonl" in said.output
        assert rows(site) == before
