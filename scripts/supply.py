"""What is delivered with the app: licences that are not allowed, requirements without a hash, known vulnerabilities.

`python scripts/supply.py [found.json]`: with the report of pip-audit, which scripts/audit.sh makes, where there is one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==(\S+)", re.MULTILINE)
# May be delivered with a work of any licence; those under the LGPL as they are, so that anybody can put another in their place.
_ALLOWED = re.compile(
    r"(MIT|BSD|Apache|PSF|Python Software Foundation|ISC|Zero-Clause BSD|0BSD|Unlicense"
    r"|LGPL(?:v\d)?|GNU Lesser General Public License v\d or later|GNU Library or Lesser General Public License)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s+(?:OR|AND)\s+|,\s*|\s*[()]")  # of SPDX, in capitals: "v2 or later" is one licence


def pinned(requirements: str) -> dict[str, str]:
    """Names and versions of a requirements.txt."""
    return dict(_REQUIREMENT.findall(requirements))


def without_hash(requirements: str) -> list[str]:
    """The names that pip would take from whoever answers."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", requirements)
    return [found[1] for block in blocks if (found := _REQUIREMENT.match(block)) and "--hash=sha256:" not in block]


def licence_of(name: str) -> str | None:
    """As the installed package tells it; None where it is not installed, because another Python or system needs it."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    told = [
        line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if line.startswith("License ::")
    ]
    named: list[str] = [
        *about.get_all("License-Expression", []),
        ", ".join(told),
        *about.get_all("License", []),
        "unknown",
    ]
    return next(name for name in named if name)


def is_allowed(licence: str) -> bool:
    """Whether every part of what a package says of its licence is on the list."""
    parts = [part for part in _BETWEEN.split(licence) if part]
    return bool(parts) and all(_ALLOWED.match(part) for part in parts)


def vulnerabilities(report: str) -> tuple[int, list[str]]:
    """How many packages the index knew, and those of pip-audit's JSON that are vulnerable, a line each."""
    known = [package for package in json.loads(report)["dependencies"] if "skip_reason" not in package]
    return len(known), [line for package in known for line in _told(package)]


def coverage(known: int, all: int) -> str:
    """What can be said of a look at `known` of `all` packages."""
    if not known:
        return f"Vulnerabilities: NOT looked for, the index does not answer for any of {all} packages."
    others = "" if known == all else ", the index does not know the others"
    return f"Vulnerabilities: looked for in {known} of {all} packages{others}."


def _told(package: dict[str, Any]) -> Iterator[str]:
    for found in package.get("vulns", ()):
        mended = ", ".join(found.get("fix_versions", ())) or "no version yet"
        yield f"{package['name']} {package['version']}: {found['id']}, mended in {mended}"


def main(report: Path | None) -> int:
    """Print what is wrong; 1 if anything is."""
    requirements = (ROOT / "requirements.txt").read_text()
    licences = {name: licence for name in pinned(requirements) if (licence := licence_of(name))}
    wrong = [f"{name}: licence {licence}" for name, licence in licences.items() if not is_allowed(licence)]
    wrong += [f"{name}: no hash" for name in without_hash(requirements)]
    print(f"Licences of {len(licences)} packages looked at.")
    if report is not None:
        try:
            known, vulnerable = vulnerabilities(report.read_text())
        except (OSError, ValueError, KeyError):
            known, vulnerable = 0, []
        wrong += vulnerable
        print(coverage(known, len(pinned(requirements))))
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
