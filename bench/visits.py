"""A year of visitors, made up and always the same: seasons, weekdays and hours, peaks of a hundred times, follow-ups, votes,
messages to the humans, spam, floods of questions about something else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.filled_store import HOURS, THINGS

TIMEZONE = ZoneInfo("Europe/Paris")
# The accountants' year: closing of accounts and tax returns in spring, nobody there in August.
SEASONS = [1.1, 1.2, 1.4, 1.6, 1.7, 1.1, 0.7, 0.3, 1.0, 1.0, 0.9, 0.8]
WEEKEND = 0.25
PEAK_TIMES = 100  # what an hour of a peak has, as a multiple of an average hour
_DAYS_A_PEAK, _DAYS_A_SPAMMER, _DAYS_A_FLOOD = 90, 7, 14
_SPAM_MESSAGES, _FLOOD_QUESTIONS = 30, 15
_TURNS = {1: 55, 2: 20, 3: 13, 4: 7, 5: 5}
_VOTES, _LIKED, _MESSAGES = 0.08, 0.7, 0.006
_OWN_WORDS = 0.5  # questions that are put like nobody else's; only the others can be prepared answers
_PLACES = "Lyon Lille Nantes Rennes Nice Metz Tours Brest Dijon Angers Pau Reims".split()
_FIRMS = "SARL SAS EURL SCI SASU association boutique agence".split()
_CORPUS = Path(__file__).resolve().parent.parent / "tests" / "evaluation" / "tune.jsonl"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor, who asks one question after the other.

    pause_s  from one question to the next; 0 for whoever sends them all at once, each in a conversation of its own
    vote     of the last answer
    message  whether a message to the humans follows
    """

    at: datetime
    address: str
    questions: tuple[str, ...]
    pause_s: int = 90
    vote: bool | None = None
    message: bool = False


class Year:
    """The visits of so many days with so many questions, in order."""

    def __init__(self, first: datetime, days: int, questions: int, seed: int) -> None:
        """`first`: midnight of the first day, in TIMEZONE. Spammers and floods come on top of `questions`."""
        self._first, self._days, self._questions = first, days, questions
        self._chance = random.Random(seed)
        self._numbers = count(1)
        rows = [json.loads(line) for line in _CORPUS.read_text("utf-8").splitlines()]
        self._first_ones = [row["question"] for row in rows if row["kind"] != "follow_up"]
        self._follow_ups = [row["question"] for row in rows if row["kind"] == "follow_up"]
        self._chance.shuffle(self._first_ones)
        # Few questions are asked often, most of them seldom.
        self._often = list(accumulate(1 / rank for rank in range(1, len(self._first_ones) + 1)))

    def visits(self) -> list[Visit]:
        """All of them, the earliest first."""
        found = [*self._peaks()]
        left = self._questions - sum(len(visit.questions) for visit in found)
        weights = list(accumulate(self._weight(day) for day in range(self._days)))
        while left > 0:
            (day,) = self._chance.choices(range(self._days), cum_weights=weights)
            (hour,) = self._chance.choices(range(24), HOURS)
            visit = self._visit(day, hour)
            left -= len(visit.questions)
            found.append(visit)
        found += [*self._spam(), *self._floods()]
        return sorted(found, key=lambda visit: visit.at)

    def _weight(self, day: int) -> float:
        date = self._first + timedelta(days=day)
        return SEASONS[date.month - 1] * (1 if date.weekday() < 5 else WEEKEND)

    def _peaks(self) -> Iterator[Visit]:
        """An hour on television now and then."""
        times = round(PEAK_TIMES * self._questions / (24 * self._days))
        for day in range(_DAYS_A_PEAK // 2 % self._days, self._days, _DAYS_A_PEAK):
            left = times
            while left > 0:
                visit = self._visit(day, 20)
                left -= len(visit.questions)
                yield visit

    def _spam(self) -> Iterator[Visit]:
        for day in range(3, self._days, _DAYS_A_SPAMMER):
            text = self._chance.choice(
                ("Gagnez 5000 euros http://a.xyz http://b.xyz http://c.xyz", "Bonjour, répondez-moi vite")
            )
            yield Visit(self._moment(day, 3), self._address(), (text,) * _SPAM_MESSAGES, pause_s=0)

    def _floods(self) -> Iterator[Visit]:
        """Many visitors who take the chat for something else, within a few minutes."""
        for day in range(9, self._days, _DAYS_A_FLOOD):
            begin = self._moment(day, 15)
            for number in range(_FLOOD_QUESTIONS):
                text = f"Vendez-vous des {self._chance.choice(THINGS)} pour {self._chance.choice(THINGS)} ?"
                yield Visit(begin + timedelta(seconds=10 * number), self._address(), (text,))

    def _visit(self, day: int, hour: int) -> Visit:
        chance = self._chance
        (length,) = chance.choices(list(_TURNS), list(_TURNS.values()))
        vote = (
            chance.random() < _LIKED if chance.random() < _VOTES * 2 else None
        )  # one vote a visit, a visit has two turns
        asked = (self._first_question(), *(self._follow_up() for _ in range(length - 1)))
        return Visit(
            self._moment(day, hour), self._address(), asked, vote=vote, message=chance.random() < 2 * _MESSAGES
        )

    def _first_question(self) -> str:
        (text,) = self._chance.choices(self._first_ones, cum_weights=self._often)
        return self._in_own_words(text) if self._chance.random() < _OWN_WORDS else str(text)

    def _follow_up(self) -> str:
        return self._in_own_words(self._chance.choice(self._follow_ups))

    def _in_own_words(self, text: str) -> str:
        firm, place = self._chance.choice(_FIRMS), self._chance.choice(_PLACES)
        return f"{text} Nous sommes une {firm} de {self._chance.randint(2, 90)} personnes à {place}."

    def _moment(self, day: int, hour: int) -> datetime:
        date = (self._first + timedelta(days=day)).date()
        begin = datetime(date.year, date.month, date.day, hour, tzinfo=TIMEZONE).astimezone(UTC)
        return begin + timedelta(seconds=self._chance.randrange(3600))

    def _address(self) -> str:
        """A new one for each visit: an address stands for the same person no longer than that."""
        number = next(self._numbers)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
