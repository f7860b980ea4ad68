"""What visitors asked that the knowledge does not answer well, grouped and ranked: what the owner could write next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, Select, select

from okichat.guard.injection import misuse
from okichat.knowledge.search import Search
from okichat.knowledge.words import wording
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import turns

Reason = Literal["unanswered", "rejected", "thumbs_down", "gpt_only"]

# What it costs that a visitor was not helped, next to what GPT costs: as much as a long answer of a dear model.
_NOT_HELPED_MICROUSD = 2_000
_ALIKE = 0.6  # of all their different stems, this share is in both questions
_MOST_QUESTIONS = 5_000
_LEAST_INSIDE = 0.0  # below, the best topic is no place for the question
_MOST_KNOWN = 20_000
EXAMPLE, NEW_TOPIC, IGNORED = "example", "topic", "ignored"  # what the owner did about a question
_BY_RUNG: dict[str, Reason] = {"handoff": "unanswered", "gpt": "gpt_only", "cache": "gpt_only"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to ask: its words however they are written, their stems, and whether the knowledge answers it by now."""

    words: str
    stems: frozenset[str]
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """One question that the knowledge answers badly: why it is here, what it cost, and what the owner did about it, if at all."""

    turn: str
    text: str
    language: str
    reason: Reason
    cost_microusd: int
    handled: str | None
    reading: Reading


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Questions that ask the same.

    question       the way most visitors put it, of those that the owner has not dealt with
    others         the other ways, most frequent first
    count          how often it was asked, those that the owner has dealt with included
    reasons        why it is here, and how often each
    cost_microusd  what one of them costs on average: GPT's price, and where the visitor was not helped a fixed amount
    topic          the topic it seems to belong to; None where a new one seems to be needed, or nobody has looked yet
    turns          the questions that the owner has not dealt with, by their turns; one put like `question` comes first
    ignored        those of which the owner wants to hear no more, nor of the others then
    examples       those of which the owner has made an example
    """

    question: str
    language: str
    others: tuple[str, ...]
    count: int
    reasons: tuple[tuple[Reason, int], ...]
    cost_microusd: int
    topic: str | None = None
    turns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """Frequency times cost: the higher, the more an answer is worth."""
        return self.count * self.cost_microusd


def suggestions(store: Store, search: Search, since: datetime) -> list[Suggestion]:
    """The groups of what was asked since then, the most worthwhile first. Raises StoreUnavailable.

    What the knowledge answers by now is left out, unless visitors said that the answer did not help."""
    query = newest_questions(since).limit(_MOST_QUESTIONS)
    with store.read() as connection:
        rows = connection.execute(query).all()
    reader = Reader(search)
    found = (grouped for grouped in groups(wanting(rows, reader)) if grouped.turns and not grouped.ignored)
    return [replace(each, topic=_place(each, search)) for each in found]


def newest_questions(since: datetime) -> Select[Any]:
    """What `wanting` needs of the answered questions since then, the newest first."""
    names = ("id", "question", "language", "answered_by", "passed", "feedback", "cost_microusd", "handled")
    kept = (turns.c.question.is_not(None), turns.c.answer.is_not(None))
    return (
        select(*(turns.c[name] for name in names))
        .where(turns.c.asked_at >= since, *kept)
        .order_by(turns.c.asked_at.desc())
    )


class Reader:
    """Reads questions with the eyes of the knowledge, each way to ask only once. Safe with many threads."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._known: dict[tuple[str, str], Reading] = {}

    def knows(self, text: str, language: str) -> bool:
        """Whether it has read this before, so that reading again takes no time."""
        return (text, language) in self._known

    def read(self, text: str, language: str) -> Reading:
        """What it says, and whether that is answered."""
        known = self._known.get((text, language))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
            spoken = wording(language)
            words = list(spoken.words(text))
            stems = frozenset(f"{language} {spoken.stem(word)}" for word in words)
            found = self._search.find(Question(text, language))
            is_answered = bool(found.answers) or misuse(text) is not None
            known = self._known[text, language] = Reading(" ".join(words), stems, is_answered)
        return known


def wanting(rows: Iterable[Row[Any]], reader: Reader) -> Iterator[Gap]:
    """The questions that were not answered well, and still would not be."""
    for row in rows:
        reason = "thumbs_down" if row.feedback == "down" else _BY_RUNG.get(row.answered_by)
        if reason is None or "[" in row.question:  # a placeholder stands for personal data: nobody else asks that
            continue
        read = reader.read(row.question, row.language)
        if reason != "thumbs_down":
            if read.is_answered:
                continue
            if any(passed["reason"] in ("outside", "off_topic") for passed in row.passed or ()):
                reason = "rejected"
        yield Gap(row.id, row.question, row.language, reason, row.cost_microusd or 0, row.handled, read)


def groups(gaps: Iterable[Gap]) -> list[Suggestion]:
    """What asks the same together, the most worthwhile first; without the topics."""
    return sorted(map(_suggestion, _near(_same(gaps))), key=lambda found: -found.rank)


def _same(gaps: Iterable[Gap]) -> list[list[Gap]]:
    """Questions of the same words, however they are written; the largest groups first."""
    found: dict[tuple[str, str], list[Gap]] = {}
    for one in gaps:
        if one.reading.words:
            found.setdefault((one.language, one.reading.words), []).append(one)
    return sorted(found.values(), key=lambda group: -len(group))


def _near(same: list[list[Gap]]) -> list[list[Gap]]:
    """Smaller groups join a larger one that has nearly the same stems."""
    leaders: list[tuple[frozenset[str], list[Gap]]] = []
    with_stem: dict[str, list[int]] = {}
    for group in same:
        stems = group[0].reading.stems
        likely = Counter(number for stem in stems for number in with_stem.get(stem, ()))
        for number, shared in likely.most_common(5):
            if shared >= _ALIKE * len(stems | leaders[number][0]):
                leaders[number][1].extend(group)
                break
        else:
            for stem in stems:
                with_stem.setdefault(stem, []).append(len(leaders))
            leaders.append((stems, list(group)))
    return [group for _, group in leaders]


def _suggestion(group: list[Gap]) -> Suggestion:
    waiting = [one for one in group if one.handled is None]
    spellings = [text for text, _ in Counter(one.text for one in waiting or group).most_common()]
    costs = [one.cost_microusd + (0 if one.reason == "gpt_only" else _NOT_HELPED_MICROUSD) for one in group]
    return Suggestion(
        question=spellings[0],
        language=group[0].language,
        others=tuple(spellings[1:]),
        count=len(group),
        reasons=tuple(Counter(one.reason for one in group).most_common()),
        cost_microusd=round(sum(costs) / len(costs)),
        turns=tuple(one.turn for one in sorted(waiting, key=lambda one: one.text != spellings[0])),
        ignored=tuple(one.turn for one in group if one.handled == IGNORED),
        examples=tuple(one.turn for one in group if one.handled == EXAMPLE),
    )


def _place(suggestion: Suggestion, search: Search) -> str | None:
    best, evidence = search.best_topic(Question(suggestion.question, suggestion.language))
    return best.slug if evidence.inside > _LEAST_INSIDE else None
