"""Opening hours: read from one line, said in words, and asked whether it is open now.

The line is a small subset of what OpenStreetMap and schema.org write:

    Mo-Fr 09:00-12:30,14:00-18:00; Sa appointment; PH off

Rules stand between semicolons: days, a blank, then times, `appointment` or `off`. Days are Mo Tu We Th Fr Sa Su, ranges
of them, and PH for public holidays, joined by commas. A later rule replaces an earlier one for the days both name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from okichat.contact.holidays import no_holiday
from okichat.sentences import Say

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_HOLIDAYS = "ph"
_APPOINTMENT = "appointment"
_MINUTES_A_DAY = 24 * 60

_TIMES = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-–]\s*(\d{1,2}):([0-5]\d)", re.ASCII)
_RULE = re.compile(r"(?P<days>[a-z]{2}(?:\s*[-–,]\s*[a-z]{2})*)\s+(?P<what>[a-z\d].*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Day:
    """One day: spans of minutes since midnight, in order, or appointments only; neither when closed."""

    spans: tuple[tuple[int, int], ...] = ()
    by_appointment: bool = False

    @property
    def is_closed(self) -> bool:
        """Nobody is there at all."""
        return not self.spans and not self.by_appointment


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A week of opening hours. `days` is None where the line is not in the syntax: then it is shown as it is.

    days        Monday first
    holidays    what is on during public holidays; None where no rule names them and they are days like any other"""

    raw: str
    days: tuple[Day, ...] | None = None
    holidays: Day | None = None
    is_holiday: Callable[[date], bool] = field(default=no_holiday, compare=False)

    @classmethod
    def parse(cls, raw: str, is_holiday: Callable[[date], bool] = no_holiday) -> OpeningHours:
        """Read one line; what is not in the syntax is kept as plain words. `is_holiday` knows the public holidays."""
        rules: dict[str, Day] = {}
        try:
            for rule in filter(None, (part.strip() for part in raw.lower().split(";"))):
                rules.update(_read_rule(rule))
        except ValueError:
            return cls(raw.strip())
        if not rules:
            return cls(raw.strip())
        days = tuple(rules.get(name, Day()) for name in _DAYS)
        return cls(raw.strip(), days, rules.get(_HOLIDAYS), is_holiday)

    def open_at(self, local: datetime) -> bool | None:
        """Whether one may come unannounced at this local time; None where the hours cannot tell."""
        if self.days is None:
            return None
        today = self.days[local.weekday()]
        if self.holidays is not None and self.is_holiday(local.date()):
            today = self.holidays
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in today.spans)

    def in_words(self, say: Say) -> str:
        """The hours as a part of a sentence, without a full stop; the line itself where it is not in the syntax."""
        if self.days is None:
            return self.raw
        said = [_days_and_day(_spell_days(group, say), day, say) for day, group in _grouped(self.days)]
        if not said:
            said.append(say("hours.closed"))
        elif self.holidays is not None and self.holidays.is_closed:
            said.append(say("hours.holidays_closed"))
        elif self.holidays is not None:
            said.append(_days_and_day(say("hours.holidays"), self.holidays, say))
        return say("hours.between").join(said)


def _read_rule(rule: str) -> Iterator[tuple[str, Day]]:
    """The days that one rule names, each with what is on. Raises ValueError when it is no rule."""
    found = _RULE.fullmatch(rule)
    if not found:
        raise ValueError(rule)
    day = _read_day(found["what"])
    for part in found["days"].split(","):
        first, *last = (name.strip() for name in re.split("[-–]", part))
        if len(last) > 1:
            raise ValueError(part)
        for name in _named_days(first, last[0]) if last else [first]:
            if name not in (*_DAYS, _HOLIDAYS):
                raise ValueError(name)
            yield name, day


def _named_days(first: str, last: str) -> list[str]:
    """From one day to another; `sa-mo` goes over the end of the week."""
    start, end = _DAYS.index(first), _DAYS.index(last)
    return [_DAYS[(start + step) % 7] for step in range((end - start) % 7 + 1)]


def _read_day(what: str) -> Day:
    if what in ("off", "closed"):
        return Day()
    if what == _APPOINTMENT:
        return Day(by_appointment=True)
    return Day(tuple(sorted(_read_span(part.strip()) for part in what.split(","))))


def _read_span(text: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if not found:
        raise ValueError(text)
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not start < end <= _MINUTES_A_DAY:
        raise ValueError(text)
    return start, end


def _grouped(days: tuple[Day, ...]) -> Iterator[tuple[Day, list[int]]]:
    """Each way that a day can be, once, with the days that are so; closed ones go without saying."""
    for day in dict.fromkeys(days):
        if not day.is_closed:
            yield day, [index for index, other in enumerate(days) if other == day]


def _spell_days(group: list[int], say: Say) -> str:
    """Three days or more in a row become a range, all seven "every day"."""
    if len(group) == 7:
        return say("hours.every_day")
    names = [say(f"hours.day.{name}") for name in _DAYS]
    parts: list[str] = []
    for row in _rows(group):
        if len(row) >= 3:
            parts.append(say("hours.day_range", first=names[row[0]], last=names[row[-1]]))
        else:
            parts += [say("hours.one_day", day=names[index]) for index in row]
    return _listed(parts, say)


def _rows(group: list[int]) -> list[list[int]]:
    rows: list[list[int]] = []
    for index in group:
        if rows and rows[-1][-1] == index - 1:
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows


def _days_and_day(days: str, day: Day, say: Say) -> str:
    if day.by_appointment:
        return say("hours.by_appointment", days=days)
    if day.spans == ((0, _MINUTES_A_DAY),):
        return say("hours.all_day", days=days)
    spans = [say("hours.span", start=_spell_time(start, say), end=_spell_time(end, say)) for start, end in day.spans]
    return say("hours.open", days=days, times=_listed(spans, say))


def _spell_time(minute_of_day: int, say: Say) -> str:
    if minute_of_day % _MINUTES_A_DAY == 0:
        return say("hours.midnight")
    if minute_of_day == 12 * 60:
        return say("hours.noon")
    hour, minute = divmod(minute_of_day, 60)
    half = "am" if hour < 12 else "pm"
    key = f"hours.time_{half}" if minute == 0 else f"hours.time_{half}_minutes"
    return say(key, hour=hour, hour_12=hour % 12 or 12, minute=f"{minute:02}")


def _listed(parts: list[str], say: Say) -> str:
    """One, two and three."""
    return say("hours.and").join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
