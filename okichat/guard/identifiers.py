"""Where a text holds the number of an account, a card, a person, a firm or a telephone.

Digits are read in runs: groups with the separators people use between them. Dates and sums of money are set aside first,
then the longest part of a run that is a number of some kind wins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from stdnum import iban, luhn
from stdnum.fr import nif, nir, siren, siret, tva

from okichat.guard.phones import phone_value
from okichat.guard.spans import HIDDEN, Span, blanked

_GAP = r"[ \t\u00a0\u00ad\u2000-\u200d\u2010-\u2015\u202f\u2060\u2212\ufeff./_·•()-]"
_RUN = re.compile(rf"\+?\d+(?:{_GAP}{{1,3}}\d+)*")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(
    rf"(?:(?<![^\W_])|(?<=iban))(?=([a-z]{{2}}(?:{_GAP}{{0,3}}\d){{2}}(?:{_GAP}{{0,3}}[a-z0-9]){{11,30}}))", re.I
)
_MISTYPED_IBAN = re.compile(r"(?:FR|MC)\d{12}[0-9A-Z]{11}\d\d")
_VAT = re.compile(rf"(?<![^\W_])FR{_GAP}{{0,3}}[0-9A-Z]{{2}}(?:{_GAP}{{0,3}}\d){{9}}(?!\d)", re.I)
_CORSICAN_NIR = re.compile(
    rf"(?<!\d)[1-478]{_GAP}{{0,3}}\d\d{_GAP}{{0,3}}\d\d{_GAP}{{0,3}}2[AB](?:{_GAP}{{0,3}}\d){{6}}(?:(?:{_GAP}{{0,3}}\d){{2}})?(?!\d)",
    re.I,
)
_NIR_WITHOUT_KEY = re.compile(r"[1278]\d\d(?:0[1-9]|1[0-2])\d{8}")
_CARD_PREFIX = re.compile(r"3[0-9]|4|5|6|2[2-7]")
_DAY, _MONTH_NUMBER, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATE = re.compile(rf"(?<!\d)(?:{_DAY}([./ -]){_MONTH_NUMBER}\1{_YEAR}|{_YEAR}([./-]){_MONTH_NUMBER}\2{_DAY})(?!\d)")
_CURRENCY = (
    r"(?:[kKM]?€|[€$£%]|(?:[kKmM]\s?)?(?:euros?|eur|usd|gbp|f?cfa|xaf|dollars?|pounds?|francs?|millions?|milliards?)\b)"
)
_SUM = r"[1-9]\d{0,2}(?:[ .\u00a0\u2009\u202f,'’]\d{3}){1,3}(?:[.,]\d{1,2})?|[1-9]\d{0,11}(?:[.,]\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![\d.,])(?<!\d[ .\u00a0\u2009\u202f-])(?:{_SUM})\s?(?:d['’])?{_CURRENCY}"
    rf"|(?:[€$£]|\b(?:EUR|USD|GBP))\s?(?:{_SUM})(?!\d)",
    re.I,
)
_SUM_WORD = re.compile(
    r"(?:chiffre d.affaires?|\bca\b|montant|capital|somme|total|environ|bénéfice|résultat|dette|prêt|emprunt|budget"
    r"|salaires?|valeur|turnover|revenue|amount|about|profit|loan|debt|worth|sum)\W*(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)
_COMPANY_WORD = re.compile(r"(?:siren|siret|\brcs\b|\bsirene)\W*(?:\w+\W+){0,3}$", re.IGNORECASE)
_BEFORE_CHARS = 40
_MOST_DIGITS, _MOST_GROUPS = 23, 15


class _Window(NamedTuple):
    """Neighbouring groups of one run, taken as one number."""

    start: int
    end: int
    digits: str
    group_lengths: tuple[int, ...]
    has_plus: bool


def find_numbers(text: str) -> list[Span]:
    """Every number of a known kind, none overlapping another, in no particular order."""
    spans: list[Span] = []
    for finder in (_ibans, _vat_numbers, _corsican_nirs):
        spans += finder(blanked(text, spans))
    text = blanked(text, spans)
    for pattern in (_DATE, _AMOUNT):
        text = pattern.sub(lambda match: HIDDEN * len(match[0]), text)
    for run in _RUN.finditer(text):
        spans += _numbers_in_run(text, run)
    return spans


def _ibans(text: str) -> Iterator[Span]:
    done = 0
    for match in _IBAN.finditer(text):
        start = match.start()
        marks = [start + index for index, character in enumerate(match[1]) if character.isalnum()]
        compact = "".join(text[mark] for mark in marks).upper()
        length = next((n for n in range(min(len(compact), 34), 14, -1) if iban.is_valid(compact[:n])), 0)
        if not length and _MISTYPED_IBAN.match(compact):
            length = 27
        if length and start >= done:
            done = marks[length - 1] + 1
            yield Span(start, done, "iban", compact[:length])


def _vat_numbers(text: str) -> Iterator[Span]:
    for match in _VAT.finditer(text):
        compact = _compact(match[0])
        if tva.is_valid(compact):
            yield Span(match.start(), match.end(), "vat", compact)


def _corsican_nirs(text: str) -> Iterator[Span]:
    for match in _CORSICAN_NIR.finditer(text):
        yield Span(match.start(), match.end(), "nir", _compact(match[0]))


def _numbers_in_run(text: str, run: re.Match[str]) -> Iterator[Span]:
    groups = list(_GROUP.finditer(text, run.start(), run.end()))
    whole_only = _is_thousands([len(group[0]) for group in groups]) and groups[0][0][0] not in "0+"
    first = 0
    while first < len(groups):
        windows = _windows(text, groups, first)
        if whole_only:
            windows = [window for window in windows if window.end == run.end()] if first == 0 else []
        for window in reversed(windows):
            before = text[max(0, window.start - _BEFORE_CHARS) : window.start]
            if kind_and_value := _classify(window, before, text[window.end : window.end + 4]):
                yield Span(window.start, window.end, *kind_and_value)
                first += len(window.group_lengths)
                break
        else:
            first += 1


def _windows(text: str, groups: list[re.Match[str]], first: int) -> list[_Window]:
    """What begins at one group, shortest first."""
    has_plus = text[groups[first].start() - 1 : groups[first].start()] == "+"
    start = groups[first].start() - has_plus
    windows: list[_Window] = []
    digits, lengths = "", ()  # type: str, tuple[int, ...]
    for group in groups[first : first + _MOST_GROUPS]:
        digits += "".join(str(int(digit)) for digit in group[0])
        lengths += (len(group[0]),)
        if len(digits) > _MOST_DIGITS:
            break
        windows.append(_Window(start, group.end(), digits, lengths, has_plus))
    return windows


def _classify(window: _Window, before: str, after: str) -> tuple[str, str] | None:
    digits = window.digits
    if len(digits) < 8:
        return None
    kind = None if window.has_plus else _kind_by_check_digits(window) or _kind_by_form(window, before)
    if kind == "siren" and _is_rather_a_sum(window, before, after):
        kind = None
    if kind:
        return kind, digits
    phone = phone_value(digits, window.group_lengths, window.has_plus, before) if len(digits) <= 17 else None
    return ("phone", phone) if phone else None


def _kind_by_check_digits(window: _Window) -> str | None:
    digits, lengths = window.digits, window.group_lengths
    if len(digits) == 23 and int(digits) % 97 == 0:
        return "iban"  # the older way to write a French account: bank, branch, account, key
    if len(digits) == 15 and lengths != (4, 6, 5) and digits[0] in "123478" and nir.is_valid(digits):
        return "nir"
    if len(digits) == 14 and siret.is_valid(digits):
        return "siret"
    if len(digits) == 13 and nif.is_valid(digits):
        return "tax_number"
    if (
        13 <= len(digits) <= 19
        and _is_grouped_like_a_card(lengths)
        and _CARD_PREFIX.match(digits)
        and luhn.is_valid(digits)
    ):
        return "card"
    if lengths in ((9,), (3, 3, 3)) and digits[0] != "0" and siren.is_valid(digits):
        return "siren"
    return None


def _kind_by_form(window: _Window, before: str) -> str | None:
    """What a number with a wrong or missing key must be, because nothing else is grouped or announced like that."""
    digits, lengths = window.digits, window.group_lengths
    if lengths == (4, 4, 4, 4) and digits[0] in "3456":  # and not four years
        return "card"
    if lengths in ((3, 3, 3, 5), (9, 5)):
        return "siret"
    if lengths in ((1, 2, 2, 2, 3, 3, 2), (1, 2, 2, 2, 3, 3)) and digits[0] in "123478":
        return "nir"
    if lengths == (13,) and _NIR_WITHOUT_KEY.fullmatch(digits):
        return "nir"
    if len(digits) in (9, 14) and _COMPANY_WORD.search(before):
        return "siren" if len(digits) == 9 else "siret"
    return None


def _is_rather_a_sum(window: _Window, before: str, after: str) -> bool:
    if _COMPANY_WORD.search(before):
        return False
    decimals = re.match(r",\d{1,2}(?!\d)", after)
    round_thousands = window.digits.endswith("00000")
    return bool(decimals) or round_thousands or (window.group_lengths != (9,) and bool(_SUM_WORD.search(before)))


def _is_grouped_like_a_card(lengths: tuple[int, ...]) -> bool:
    return len(lengths) == 1 or lengths in ((4, 6, 5), (4, 6, 4)) or (set(lengths[:-1]) == {4} and lengths[-1] <= 4)


def _is_thousands(lengths: list[int]) -> bool:
    return len(lengths) > 1 and lengths[0] <= 3 and set(lengths[1:]) == {3}


def _compact(written: str) -> str:
    return "".join(character for character in written.upper() if character.isalnum())
