"""Backups as tests make them, look into them and tamper with them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from okichat.storage.tables import facts, metadata
from tests.site import Site


def rows(site: Site) -> dict[str, list[Any]]:
    """Every table but what a process keeps for itself, as both engines give it."""
    site.parts.store.write_now()
    with site.parts.store.read() as connection:
        return {
            table.name: sorted(tuple(map(repr, row)) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
            if table is not facts
        }


def backup(site: Site, path: Path) -> Path:
    """The archive that `python -m okichat backup` writes at `path`."""
    said = site.command("backup", str(path))
    assert said.exit_code == 0, said.output
    return path


def rewritten(archive: Path, change: Callable[[dict[str, bytes]], None], *, honest: bool = False) -> Path:
    """The archive with other members; `honest`: its manifest says what they are."""
    with zipfile.ZipFile(archive) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    if honest:
        manifest = json.loads(members["manifest.json"])
        said = {part["name"]: part["rows"] for part in manifest["parts"]}
        manifest["parts"] = [
            {"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest(), "rows": said.get(n)}
            for n, b in members.items()
            if n != "manifest.json"
        ]
        members["manifest.json"] = json.dumps(manifest).encode()
    changed = archive.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return changed
