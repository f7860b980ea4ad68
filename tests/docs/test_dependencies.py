"""What is delivered with the app is explained, hashed, and under a licence that allows it."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", ROOT / "scripts" / "supply.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_direct_dependency_has_a_line_that_says_why_it_and_not_another() -> None:
    direct = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line and not line.startswith("#")]
    rows = re.findall(
        r"^\| ([a-z][\w\[\]-]*) \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE
    )

    explained = {name: why for name, _, why in rows if name != "package"}

    assert list(explained) == direct
    assert [name for name, why in explained.items() if len(why) < 30] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-audit.txt"])
def test_every_package_is_taken_by_its_hash(supply: ModuleType, name: str) -> None:
    written = (ROOT / name).read_text()

    assert len(supply.pinned(written)) >= 15
    assert supply.without_hash(written) == []


def test_a_missing_hash_is_seen(supply: ModuleType) -> None:
    assert supply.without_hash(
        "one==1 \\\n    --hash=sha256:00\ntwo==2\n    # via one\nthree==3 --hash=sha256:00\n"
    ) == ["two"]


def test_every_licence_is_allowed(supply: ModuleType) -> None:
    assert supply.main(None) == 0


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-2-Clause", True),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", True),
        ("LGPL-3.0-only", True),
        ("MIT License, Apache Software License", True),
        ("GPL-3.0-or-later", False),
        ("GNU Affero General Public License v3", False),
        ("MIT AND GPL-2.0-only", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_licences_are_told_apart(supply: ModuleType, licence: str, allowed: bool) -> None:
    assert supply.is_allowed(licence) is allowed


def test_what_pip_audit_finds_is_told_and_what_the_index_does_not_know_is_not_counted(supply: ModuleType) -> None:
    report = """{"dependencies": [
        {"name": "one", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]},
        {"name": "two", "version": "1", "vulns": []}, {"name": "three", "skip_reason": "not found"}]}"""

    assert supply.vulnerabilities(report) == (2, ["one 1: PYSEC-1, mended in 2"])


def test_a_look_that_could_not_be_taken_is_not_told_as_one_without_findings(supply: ModuleType) -> None:
    assert (
        supply.coverage(0, 50) == "Vulnerabilities: NOT looked for, the index does not answer for any of 50 packages."
    )
    assert supply.coverage(50, 50) == "Vulnerabilities: looked for in 50 of 50 packages."
    assert supply.coverage(49, 50).endswith("49 of 50 packages, the index does not know the others.")


@pytest.mark.parametrize("report", [None, "", "{}", '{"dependencies": []}'])
def test_a_missing_or_empty_report_of_pip_audit_says_so(
    supply: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], report: str | None
) -> None:
    if report is not None:
        (tmp_path / "found.json").write_text(report)

    assert supply.main(tmp_path / "found.json") == 0
    assert "Vulnerabilities: NOT looked for" in capsys.readouterr().out


def test_vendored_files_have_origin_version_and_the_hash_that_they_had() -> None:
    folder = ROOT / "static" / "vendor"
    readme = (folder / "README.md").read_text()
    scripts = sorted(folder.glob("*.js"))

    assert scripts
    assert re.search(r"https://registry\.npmjs\.org/\S+-\d+\.\d+\.\d+\.tgz", readme)
    for script in scripts:
        assert f"| `{script.name}` |" in readme
        assert hashlib.sha256(script.read_bytes()).hexdigest() in readme
