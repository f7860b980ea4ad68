"""Numbers in figures and in words, French and English."""

from __future__ import annotations

import re
from fractions import Fraction

_FROM_ZERO = (
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
)
_TENS_FROM_TWENTY = (
    "vingt trente quarante cinquante soixante",
    "twenty thirty forty fifty sixty seventy eighty ninety",
)
_VALUES = {word: value for words in _FROM_ZERO for value, word in enumerate(words.split())}
_VALUES |= {word: 10 * value for words in _TENS_FROM_TWENTY for value, word in enumerate(words.split(), start=2)}
_VALUES |= {"une": 1, "vingts": 20, "cent": 100, "cents": 100, "mille": 1000, "hundred": 100, "thousand": 1000}
WORDS = "|".join(sorted(_VALUES, key=len, reverse=True))
# Those that are a number by themselves: "un" and "one" are articles too.
TELLING_WORDS = "|".join(word for word, value in _VALUES.items() if value > 1)


def number_of(figures: str) -> Fraction:
    """The value of a number in figures: "1 000", "1,000", "1.250,50", "5,5" and "5.5" are read as people mean them."""
    compact = re.sub(r"[ ']", "", figures)
    if re.fullmatch(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*", compact):
        return Fraction(re.sub(r"[.,]", "", compact))
    whole, _, decimals = re.sub(r"[.,](?=.*[.,])", "", compact).replace(",", ".").partition(".")
    return Fraction(f"{whole}.{decimals or 0}")


def words_value(words: str) -> Fraction | None:
    """The value of a number in small letters without accents, None for "un" and "one" alone, which are articles too."""
    total = current = 0
    for word in re.findall(r"[a-z]+", words):
        value = _VALUES.get(word)
        if value is None:
            continue
        if value in (100, 1000) or (value == 20 and current == 4):
            current = max(current, 1) * value
        else:
            current += value
        if value == 1000:
            total, current = total + current, 0
    value = total + current
    return Fraction(value) if value > 1 else None
