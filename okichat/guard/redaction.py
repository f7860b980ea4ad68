"""Personal data is taken out of a text before cache, model, journal and logs see it, and put back for its owner alone.

Recognised are the numbers of okichat/guard/identifiers.py, by form and check digits, and e-mail addresses. A number with
a slip of the pen is recognised too where nothing but such a number is written that way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from okichat.guard.spans import Span, blanked

_PREFIXES = {
    "iban": "IBAN",
    "card": "CARD",
    "nir": "NIR",
    "siret": "SIRET",
    "siren": "SIREN",
    "vat": "VAT",
    "tax_number": "SPI",
    "phone": "PHONE",
    "email": "EMAIL",
}

# As models give it back: with another dash, blanks, or the backslashes of escaped Markdown.
_PLACEHOLDER = re.compile(
    rf"\\?\[\s?({'|'.join(_PREFIXES.values())})[-\u2010-\u2015 ](\d{{1,4}})\s?\\?\]", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_LEAST_DIGITS = 8  # no number of ours is shorter
_AT = r"(?:@|\s?[\[(]\s?(?:at|arobase|chez)\s?[\])]\s?|\sarobase\s)"
_DOT = r"(?:\.|\s?[\[(]\s?(?:dot|point)\s?[\])]\s?)"
_EMAIL = re.compile(
    rf"[^\W_](?:[\w.+'%-]{{0,62}}[\w+-])?{_AT}[^\W_](?:[\w-]{{0,61}}[^\W_])?(?:{_DOT}[^\W_](?:[\w-]{{0,61}}[^\W_])?){{1,5}}",
    re.IGNORECASE,
)
_MAYBE_EMAIL = re.compile(r"@|[\[(]\s?(?:at|arobase|chez)\s?[\])]|\sarobase\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with placeholders such as [IBAN-1].

    personal  each placeholder and what stood there, as it was written, in the order of their first appearance; never in the repr
    """

    text: str
    personal: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def redact(text: str, earlier: str = "") -> Redacted:
    """The text with a placeholder for each number and address of a person or a firm.

    The same number gets the same placeholder. `earlier` is the conversation before: its placeholders stand for other
    numbers and are not used again."""
    spans = _emails(text) if _MAYBE_EMAIL.search(text) else []
    if len(_DIGIT.findall(text)) >= _LEAST_DIGITS:
        from okichat.guard.identifiers import find_numbers

        spans = sorted(spans + find_numbers(blanked(text, spans)), key=lambda span: span.start)
    if not spans:
        return Redacted(text)
    return _replace(text, spans, {match[0].upper() for match in _PLACEHOLDER.finditer(earlier + text)})


def restore(text: str, personal: Iterable[tuple[str, str]]) -> str:
    """The text with each placeholder of `personal` turned back into what it stands for; others stay."""
    originals = dict(personal)

    def original(match: re.Match[str]) -> str:
        return originals.get(f"[{match[1].upper()}-{int(match[2])}]", match[0])

    return _PLACEHOLDER.sub(original, text) if originals else text


def kinds_of(personal: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The kinds that these placeholders stand for, each once."""
    kinds = {prefix: kind for kind, prefix in _PREFIXES.items()}
    return tuple(dict.fromkeys(kinds[placeholder[1:].partition("-")[0]] for placeholder, _ in personal))


def _emails(text: str) -> list[Span]:
    return [
        Span(match.start(), match.end(), "email", re.sub(_AT, "@", re.sub(_DOT, ".", match[0].lower())))
        for match in _EMAIL.finditer(text)
    ]


def _replace(text: str, spans: list[Span], taken: set[str]) -> Redacted:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    pieces, done = [], 0
    for span in spans:
        key = (span.kind, span.value)
        if key not in found:
            placeholder = _free_placeholder(span.kind, taken)
            taken.add(placeholder)
            found[key] = (placeholder, text[span.start : span.end])
        pieces += [text[done : span.start], found[key][0]]
        done = span.end
    return Redacted("".join(pieces) + text[done:], tuple(found.values()))


def _free_placeholder(kind: str, taken: set[str]) -> str:
    number = 1
    while (placeholder := f"[{_PREFIXES[kind]}-{number}]") in taken:
        number += 1
    return placeholder
