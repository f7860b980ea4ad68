"""The checkable facts of a text: what a reader would act on, and what a model is tempted to invent.

Facts are amounts, rates and percentages, dates and years, delays, durations and hours, telephone numbers, e-mail and web
addresses, streets, and other numbers from 13 on or with decimals (postal codes, articles, forms, numbers of clients).
No facts are counts up to 12 ("3 formules", "deux étapes"), the numbers of a list, and digits within words ("B2B")."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import StringIO

from okichat.guard.number_words import TELLING_WORDS, WORDS, number_of, words_value
from okichat.guard.spans import HIDDEN

Key = tuple[str | int | Fraction | None, ...]
_Reader = Callable[[re.Match[str]], Iterator[tuple[Key, ...]]]

_LARGEST_COUNT = 12
_PLAIN = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f\t", " ") | dict.fromkeys("‐‑‒–—−", "-") | {"’": "'"})
_LIST_NUMBER = re.compile(r"^[ >]*\d{1,3}[.)](?=\s)", re.MULTILINE)
# A line without any of these holds no fact, and need not be read for each kind of them.
_MAY_TELL = re.compile(rf"[\d@]|\.\S|\b(?=[cdefhmnoqstv])(?:{TELLING_WORDS})\b", re.IGNORECASE)
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "janvier january jan janv", "fevrier february feb fev fevr", "mars march mar", "avril april apr avr", "mai may",
            "juin june jun", "juillet july jul juil", "aout august aug", "septembre september sept sep",
            "octobre october oct", "novembre november nov", "decembre december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = (
    r"(?P<month>janv(?:ier|\.)?|f[ée]v(?:rier|r?\.)?|mars|avr(?:il|\.)?|mai|juin|juil(?:let|\.)?|ao[ûu]t|sept(?:embre|\.)?|oct(?:obre|\.)?"
    r"|nov(?:embre|\.)?|d[ée]c(?:embre|\.)?|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sep)(?!\w)"
)
_NUMBER = r"(?<![\d.,])\d{1,3}(?:[ .,']\d{3})+(?!\d)(?:[.,]\d{1,2}(?!\d))?|(?<![\d.,])\d+(?:[.,]\d+)?"
_QUANTITY = rf"(?:{_NUMBER}|(?>\b(?:{WORDS})(?:[ -](?:(?:{WORDS})|et[ -](?:une?|onze))\b){{0,4}}+\b))"
_HOURS_OF = {"j": 24, "d": 24, "s": 168, "w": 168, "h": 1}
_CURRENCIES = {
    name: currency
    for currency, names in {"EUR": "€ eur", "USD": "$ usd dollar", "GBP": "£ gbp pound", "XAF": "cfa xaf"}.items()
    for name in names.split()
}
_FACTORS = {
    "milliard": 10**9,
    "million": 10**6,
    "mil": 1_000,
    "md": 10**9,
    "m": 10**6,
    "b": 10**9,
    "k": 1_000,
    "t": 1_000,
}
_STREET = r"rue|avenue|av\.|boulevard|bd|place|impasse|all[ée]e|quai|chemin|route"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as it is written, what it says in a form that can be compared, and weaker things that it also says."""

    written: str
    key: Key
    implied: tuple[Key, ...] = ()


def facts_of(text: str) -> tuple[Fact, ...]:
    """All facts of a text, line by line."""
    return tuple(fact for line in StringIO(text) if _MAY_TELL.search(line) for fact in _facts_of_line(line))


def _facts_of_line(text: str) -> list[Fact]:
    """Kind by kind: what one has read, the next ones do not see."""
    found: list[Fact] = []
    rest = _LIST_NUMBER.sub(lambda match: HIDDEN * len(match[0]), text.translate(_PLAIN))
    for pattern, read in readers():

        def note(match: re.Match[str], read: _Reader = read) -> str:
            written = text[match.start() : match.end()].strip()
            facts = [Fact(written, keys[0], keys[1:]) for keys in read(match)]
            found.extend(facts)
            return HIDDEN * len(match[0]) if facts else match[0]

        rest = pattern.sub(note, rest)
    return found


def _email(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    yield (("email", match[0].lower()),)


def _url(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    host, path = match["host"].lower().removeprefix("www."), (match["path"] or "").rstrip("/.,;:!?)*_")
    yield ("url", host + path), ("url", host)


def _date(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    parts = match.groupdict()
    name = parts.get("month") or ""
    month = int(name) if name.isdigit() else _MONTHS[_without_accents(name.lower().rstrip("."))]
    year = int(parts["year"]) if parts.get("year") else None
    day = int(parts["day"]) if parts.get("day") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31) or (day is None and year is None):
        return
    yield ("date", year, month, day), ("date", None, month, day), ("date", year, month, None), ("year", year)


def _amount(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    unit = (match["unit"] or match["sign"]).lower()
    currency = next(name for start, name in _CURRENCIES.items() if start in unit)
    scale = (match["scale"] or "").lower().strip()
    factor = next((value for start, value in _FACTORS.items() if scale.startswith(start)), 1)
    for value in _bounds(match):
        yield ("amount", value * factor, currency), ("number", value * factor), ("number", value)


def _percent(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    for value in _bounds(match):
        yield ("percent", value), ("number", value)


def _duration(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    unit = _without_accents(match["unit"].lower())
    for value in _bounds(match, Fraction(1, 2) if match["demi"] else Fraction(0)):
        if unit.startswith("mo"):
            key: Key = ("months", value)
        elif unit.startswith(("an", "y")):
            key = ("months", value * 12)
        elif unit.startswith(("mi", "sec")):
            key = ("minutes", value) if unit.startswith("mi") else ("minutes", value / 60)
        else:
            key = ("hours", value * _HOURS_OF[unit[0]])
        yield key, ("number", value)


def _always(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    yield (("always", match[0][:1]),)  # "24 h sur 24" and "24/7" are no delay of 24 hours


def _time(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    half = (match["half"] or "").lower().replace(".", "")
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59 or (not half and match["minute"] is None):
        return
    hour = hour % 12 + 12 * half.startswith("p") if half else hour
    yield ("hours", hour + Fraction(minute, 60)), ("number", Fraction(int(match["hour"])))


def _phone(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    digits = re.sub(r"\D", "", match[0].replace("(0)", ""))
    yield ("digits", digits[-9:] if len(digits) <= 13 else digits), ("number", Fraction(int(digits)))


def _street(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    words = re.findall(r"\w+", _without_accents(match["name"].lower()))
    strong = [word for word in words if word not in ("de", "du", "des", "la", "le", "les", "l", "d", "the", "of")]
    yield ("street", int(match["house"]), *strong[:2]), ("number", Fraction(int(match["house"])))


def _bare_number(match: re.Match[str]) -> Iterator[tuple[Key, ...]]:
    value = number_of(match["number"])
    if value.denominator == 1 and value <= _LARGEST_COUNT:
        return
    is_year = value.denominator == 1 and 1900 <= value <= 2100 and match["number"].isdigit()
    yield ("year", int(value)) if is_year else ("number", value), ("number", value)


def _bounds(match: re.Match[str], more: Fraction = Fraction(0)) -> Iterator[Fraction]:
    """The one or two quantities of a match; words that are no number give none. `more` is added to the last."""
    if match["half"]:
        more = Fraction(1, 2)
    for written in (match["low"], match["high"]):
        value = _value_of(written)
        if value is not None:
            yield value + more if written is match["high"] else value


def _value_of(written: str | None) -> Fraction | None:
    if not written:
        return None
    return number_of(written) if written[0].isdigit() else words_value(_without_accents(written.lower()))


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _range(unit: str) -> str:
    """One quantity or two, "24 à 48" or "90 € - 120", as the groups low and high."""
    low = rf"(?P<low>{_QUANTITY}) ?(?:{unit})? ?(?:-|à|a|et|to|and|ou|or) ?"
    return rf"(?<!\w)(?=[\dcdefhmnoqstuv])(?:{low})?(?P<high>{_QUANTITY})(?P<half> and a half)?"


_SCALE = r"k|md|m|milliers?|mille|millions?|milliards?|thousand|billions?"
_CURRENCY = r"€|eur\b|euros?\b|\$|usd\b|dollars?\b|£|gbp\b|pounds?\b|f ?cfa\b|xaf\b|francs? cfa\b"
_UNIT = (
    r"h|heures?|hours?|hrs?|j|jours?|days?|semaines?|weeks?|mois|months?|ans?|ann[ée]es?|years?"
    r"|minutes?|mins?|secondes?|seconds?"
)
_HOST = r"[\w-]+(?:\.[\w-]+)+(?::\d+)?"
_BARE_HOST = r"www\.|[\w.-]{1,60}\.(?:fr|com|org|net|eu|io|td|gouv\.fr|co\.uk|paris|info|example)(?![\w-])"
_FULL_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY_AND_NIGHT = r"24 ?(?:h(?:eures|ours|rs)?)? ?(?:/|sur|a) ?(?:24|7)"
_EVERY_DAY = r"7 ?(?:j(?:ours)?|d(?:ays)?)? ?(?:/|sur|a) ?7"
_WITH_PREFIX = r"(?<![\w+])(?:\+|00?(?=[\d .(]))\(?\d(?:[ .()/-]{0,3}\d){6,14}(?!\d)"
_MANY_DIGITS = r"(?<![\w,.])\d(?:[ .-]?\d){7,16}(?!\d)"
_PATTERNS: tuple[tuple[str, _Reader], ...] = (
    (r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", _email),
    (rf"(?:https?://|(?={_BARE_HOST}))(?P<host>{_HOST})(?P<path>/[^\s<>\"'|\])]*)?", _url),
    (rf"(?<!\d){_FULL_YEAR}[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)(?!\d)", _date),
    (rf"(?<!\d)(?P<day>\d\d?)(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep){_FULL_YEAR}(?!\d)", _date),
    (rf"(?<![\d,.])(?P<day>\d\d?)(?:er|st|nd|rd|th)? (?:of )?{_MONTH}(?:,? {_FULL_YEAR})?", _date),
    (rf"\b{_MONTH} (?P<day>\d\d?)(?:st|nd|rd|th)?(?!\d)(?:,? {_FULL_YEAR})?", _date),
    (rf"\b{_MONTH} (?:of )?{_FULL_YEAR}", _date),
    (rf"{_range(_CURRENCY)} ?(?P<scale>{_SCALE})? ?(?:d'|de |of )?(?P<unit>{_CURRENCY})(?P<sign>)", _amount),
    (rf"(?P<sign>[€$£]) ?{_range('[€$£]')} ?(?:(?P<scale>{_SCALE})\b)?(?P<unit>)", _amount),
    (rf"{_range('%')} ?(?:%|pour ?cent\b|percent\b|per cent\b|points? de pourcentage)", _percent),
    (rf"(?<!\d)(?:{_DAY_AND_NIGHT}|{_EVERY_DAY})(?!\d)", _always),
    (r"(?<![\d:.,])(?P<hour>\d\d?)(?: ?[h:] ?(?P<minute>\d\d))? ?(?P<half>[ap]\.?m\b\.?)?(?!\d)", _time),
    (rf"{_range(_UNIT)} ?(?P<unit>{_UNIT})\b(?P<demi> et demie?\b)?(?! ?\d)", _duration),
    (rf"{_WITH_PREFIX}|{_MANY_DIGITS}", _phone),
    (rf"(?<!\d)(?P<house>\d{{1,4}})(?: ?(?:bis|ter))?,? (?P<name>(?:{_STREET}) (?:[^\W\d_]+[ '-]?){{1,4}})", _street),
    (r"(?<!\d)(?P<house>\d{1,4}) (?P<name>(?-i:(?:[A-Z][\w'-]+ ){1,3})(?:street|road|lane|square|avenue))\b", _street),
    (rf"(?<!\w)(?P<number>{_NUMBER})(?:e|er|[eè]re|[eè]me|st|nd|rd|th)?(?!\w)", _bare_number),
)


@cache
def readers() -> tuple[tuple[re.Pattern[str], _Reader], ...]:
    """What reads each form: made at the first call, because it takes a tenth of a second and many sites never need it."""
    return tuple((re.compile(pattern, re.IGNORECASE | re.MULTILINE), read) for pattern, read in _PATTERNS)
