"""Parts of a text that are set apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

HIDDEN = "\x00"  # stands for one character that is dealt with; no question has one


@dataclass(frozen=True, slots=True)
class Span:
    """Where something personal stands in a text; `value` is the same however it is written."""

    start: int
    end: int
    kind: str
    value: str = field(repr=False)


def blanked(text: str, spans: Iterable[Span]) -> str:
    """A text of the same length in which the spans hold nothing that could be recognised again."""
    for span in spans:
        text = text[: span.start] + HIDDEN * (span.end - span.start) + text[span.end :]
    return text
