from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okichat.contact.holidays import is_french_holiday
from okichat.contact.hours import OpeningHours
from okichat.sentences import Sentences

FRENCH, ENGLISH = map(Sentences(), ("fr", "en"))
MONDAY = 23  # of November 2026


def at(day: int, time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02} {time}")


@pytest.mark.parametrize(
    ("raw", "french", "english"),
    [
        (
            "Mo-Fr 09:00-18:00; Sa appointment",
            "du lundi au vendredi de 9 h à 18 h, le samedi sur rendez-vous",
            "Monday to Friday from 9 am to 6 pm, on Saturday by appointment",
        ),
        (
            "Mo-Fr 09:00-12:30,14:00-18:00; Sa appointment; PH off",
            "du lundi au vendredi de 9 h à 12 h 30 et de 14 h à 18 h, le samedi sur rendez-vous, fermé les jours fériés",
            "Monday to Friday from 9 am to 12:30 pm and from 2 pm to 6 pm, on Saturday by appointment, closed on public holidays",
        ),
        (
            "Mo,Tu,Th 9:00-12:00",
            "le lundi, le mardi et le jeudi de 9 h à midi",
            "on Monday, on Tuesday and on Thursday from 9 am to noon",
        ),
        (
            "Mo-We,Fr 08:30-17:00",
            "du lundi au mercredi et le vendredi de 8 h 30 à 17 h",
            "Monday to Wednesday and on Friday from 8:30 am to 5 pm",
        ),
        ("Mo-Su 00:00-24:00", "tous les jours 24 h sur 24", "every day around the clock"),
        (
            "Mo-Su 10:00-24:00; We off",
            "le lundi, le mardi et du jeudi au dimanche de 10 h à minuit",
            "on Monday, on Tuesday and Thursday to Sunday from 10 am to midnight",
        ),
        (
            "Mo-Fr 09:00-17:00; PH appointment",
            "du lundi au vendredi de 9 h à 17 h, les jours fériés sur rendez-vous",
            "Monday to Friday from 9 am to 5 pm, on public holidays by appointment",
        ),
        ("Mo-Su off; PH off", "fermé", "closed"),
    ],
)
def test_hours_are_said_as_people_say_them(raw: str, french: str, english: str) -> None:
    hours = OpeningHours.parse(raw)

    assert (hours.in_words(FRENCH), hours.in_words(ENGLISH)) == (french, english)


@pytest.mark.parametrize(
    "raw",
    [
        "Tous les jours sauf le dimanche",
        "Mo-Fr 18:00-09:00",
        "Mo-Fr 09:00-25:00",
        "Mo-Fr 09:60-18:00",
        "Mo-Xx 09:00-18:00",
        "Mo-We-Fr 09:00-18:00",
        "PH-Mo off",
        "Mo-Fr",
        "Mo-Fr 09:00",
        "09:00-18:00",
        "Mo-Fr 09:00-18:00 or so",
        "Mo-Fr 09:00-18:00; le samedi sur rendez-vous",
        ";",
    ],
)
def test_a_line_outside_the_syntax_is_shown_as_it_is_and_tells_nothing(raw: str) -> None:
    hours = OpeningHours.parse(f" {raw} ")

    assert hours.in_words(FRENCH) == hours.in_words(ENGLISH) == raw
    assert hours.open_at(at(MONDAY, "10:00")) is None


@given(st.text(max_size=60) | st.text("MoTuWeFrSaPH0123456789:-,; offapi", max_size=60))
def test_no_line_whatsoever_breaks_the_page(raw: str) -> None:
    hours = OpeningHours.parse(raw)

    assert isinstance(hours.in_words(FRENCH), str)
    assert hours.open_at(at(MONDAY, "10:00")) in (True, False, None)


@pytest.mark.parametrize(
    ("day", "time", "is_open"),
    [
        (MONDAY, "08:59", False),
        (MONDAY, "09:00", True),
        (MONDAY, "12:29", True),
        (MONDAY, "12:30", False),
        (MONDAY, "14:00", True),
        (MONDAY, "18:00", False),
        (MONDAY + 5, "10:00", False),  # Saturday is by appointment: nobody waits at the door
        (MONDAY + 6, "10:00", False),
        (11, "10:00", False),  # a Wednesday, and Armistice Day
    ],
)
def test_open_now_follows_the_hours_to_the_minute(day: int, time: str, is_open: bool) -> None:
    hours = OpeningHours.parse("Mo-Fr 09:00-12:30,14:00-18:00; Sa appointment; PH off", is_french_holiday)

    assert hours.open_at(at(day, time)) is is_open


def test_a_holiday_is_a_day_like_any_other_where_no_rule_names_it() -> None:
    assert OpeningHours.parse("Mo-Fr 09:00-18:00", is_french_holiday).open_at(at(11, "10:00")) is True


def test_a_range_goes_over_the_end_of_the_week_and_a_later_rule_wins() -> None:
    hours = OpeningHours.parse("Fr-Mo 10:00-12:00; Su off")

    open_days = [day for day in range(7) if hours.open_at(at(MONDAY + day, "11:00"))]
    assert open_days == [0, 4, 5]


@pytest.mark.parametrize(
    "day",
    [
        "2026-01-01",
        "2026-04-06",
        "2026-05-01",
        "2026-05-08",
        "2026-05-14",
        "2026-05-25",
        "2026-07-14",
        "2026-08-15",
        "2026-11-01",
        "2026-11-11",
        "2026-12-25",
        "2027-03-29",
        "2027-05-06",
        "2027-05-17",
        "2038-04-26",
    ],
)
def test_french_holidays_are_known(day: str) -> None:
    assert is_french_holiday(date.fromisoformat(day))


def test_there_are_eleven_holidays_a_year_unless_two_fall_together() -> None:
    days = [date.fromordinal(day) for day in range(date(2005, 1, 1).toordinal(), date(2061, 1, 1).toordinal())]
    holidays = Counter(day.year for day in days if is_french_holiday(day))

    # Ascension fell on the first of May in 2008 and falls on the eighth in 2059.
    assert {year: count for year, count in holidays.items() if count != 11} == {2008: 10, 2059: 10}
