"""What a check has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is stable; `text` is a sentence that says what is so, and how to mend it where that is needed."""

    name: str
    status: Status
    text: str


def worst(findings: Iterable[Finding]) -> Status:
    """The status of all of them together."""
    found = {finding.status for finding in findings}
    return "error" if "error" in found else "warning" if "warning" in found else "ok"
