"""The public holidays of metropolitan France, so that "open now" is not said on the first of May."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

# As month and day: code du travail, L3133-1.
_SAME_EVERY_YEAR = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER_DAYS = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday


def is_french_holiday(day: date) -> bool:
    """Whether this day is a public holiday in metropolitan France."""
    return (day.month, day.day) in _SAME_EVERY_YEAR or (day - _easter(day.year)).days in _AFTER_EASTER_DAYS


def no_holiday(_day: date) -> bool:
    """What is known of public holidays elsewhere: nothing."""
    return False


@cache
def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, after Gauss as Knuth gives it (TAOCP 1, 1.3.2, exercise 14)."""
    golden = year % 19 + 1
    century = year // 100 + 1
    skipped_leap_years = 3 * century // 4 - 12
    moon = (8 * century + 5) // 25 - 5
    sunday = 5 * year // 4 - skipped_leap_years - 10
    epact = (11 * golden + 20 + moon - skipped_leap_years) % 30
    if epact == 24 or (epact == 25 and golden > 11):
        epact += 1
    full_moon = 44 - epact
    if full_moon < 21:
        full_moon += 30
    return date(year, 3, 1) + timedelta(days=full_moon + 7 - (sunday + full_moon) % 7 - 1)
