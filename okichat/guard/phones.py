"""Which digits are a telephone number, as people write it in France, in Chad and abroad."""

from __future__ import annotations

import re
from collections.abc import Sequence

import phonenumbers

_FRENCH = re.compile(r"(?:(?:00)?330?|0)([1-9]\d{8})")
_CHADIAN_WITHOUT_PLUS = re.compile(r"235[2679]\d{7}")
_ABROAD_WITH_ZERO = ("BE", "CH", "GB")  # neighbours who also begin with 0; other countries are written with +
_NATIONAL = ("FR", "TD", "US")
_LABEL = re.compile(
    r"(?:t[ée]l\w*|phone|mobile|portable|whats\s?app|appel\w*|rappel\w*|joindre|joignable|contact\w*|call|cell|fax|reach|sms)"
    r"\W*(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)


def phone_value(digits: str, group_lengths: Sequence[int], has_plus: bool, before: str) -> str | None:
    """The international form of a telephone number, None if the digits are none.

    Without the +, a leading 0 or the usual grouping, digits are a number only where `before` says so ("tél. ...")."""
    if french := _FRENCH.fullmatch(digits):
        return f"+33{french[1]}"  # whether or not the range is given out yet
    if has_plus or _CHADIAN_WITHOUT_PLUS.fullmatch(digits):
        return _valid(f"+{digits}", None)
    if digits.startswith("00"):
        return _valid(f"+{digits[2:]}", None)
    for region in _regions(digits, tuple(group_lengths), before):
        if value := _valid(digits, region):
            return value
    return None


def _regions(digits: str, group_lengths: tuple[int, ...], before: str) -> tuple[str, ...]:
    if digits.startswith("0"):
        return _ABROAD_WITH_ZERO if 9 <= len(digits) <= 11 else ()
    if group_lengths == (1, 2, 2, 2, 2):
        return ("FR",)
    if group_lengths == (2, 2, 2, 2):
        return ("TD",)
    if group_lengths in ((3, 3, 4), (1, 3, 3, 4)):
        return ("US",)
    return _NATIONAL if 8 <= len(digits) <= 11 and _LABEL.search(before) else ()


def _valid(number: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
