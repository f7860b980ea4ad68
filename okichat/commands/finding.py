"""What a check has found: one line for a person, or one object for a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import click

Status = Literal["ok", "warning", "error"]

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is stable; `text` is a sentence that says what is so, and how to mend it where that is needed."""

    name: str
    status: Status
    text: str

    def show(self) -> None:
        """Print it; in colour on a terminal only."""
        mark, colour = _MARKS[self.status]
        click.echo(f"{click.style(mark, fg=colour)} {self.text}")


def worst(findings: list[Finding]) -> Status:
    """The status of all of them together."""
    found = {finding.status for finding in findings}
    return "error" if "error" in found else "warning" if "warning" in found else "ok"
