"""What came of one kind of attack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`findings` are the holes, a line each; `missing` says why the attack could not be made."""

    attack: str
    figures: str = ""
    findings: tuple[str, ...] = ()
    missing: str | None = None

    @property
    def verdict(self) -> str:
        """In a word or two, for the table."""
        if self.missing:
            return "did not run"
        return f"{len(self.findings)} findings"
