"""What visitors asked that the knowledge does not answer well, grouped and ranked: what the owner could write next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select

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
_BY_RUNG: dict[str, Reason] = {"handoff": "unanswered", "gpt": "gpt_only", "cache": "gpt_only"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it was asked, why it is here, and what it cost."""

    text: str
    language: str
    reason: Reason
    cost_microusd: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Questions that ask the same.

    question       the way most visitors put it
    others         the other ways, most frequent first
    count          how often it was asked
    reasons        why it is here, and how often each
    cost_microusd  what one of them costs on average: GPT's price, and where the visitor was not helped a fixed amount
    topic          the topic it seems to belong to; None where a new one seems to be needed
    """

    question: str
    language: str
    others: tuple[str, ...]
    count: int
    reasons: tuple[tuple[Reason, int], ...]
    cost_microusd: int
    topic: str | None

    @property
    def rank(self) -> int:
        """Frequency times cost: the higher, the more an answer is worth."""
        return self.count * self.cost_microusd


def suggestions(store: Store, search: Search, since: datetime) -> list[Suggestion]:
    """The groups of what was asked since then, the most worthwhile first. Raises StoreUnavailable.

    What the knowledge answers by now is left out, unless visitors said that the answer did not help."""
    columns = (turns.c[name] for name in ("question", "language", "answered_by", "passed", "feedback", "cost_microusd"))
    query = select(*columns).where(
        turns.c.asked_at >= since, turns.c.question.is_not(None), turns.c.answer.is_not(None)
    )
    with store.read() as connection:
        rows = connection.execute(query.order_by(turns.c.asked_at.desc()).limit(_MOST_QUESTIONS)).all()
    groups = _near(_same(_wanting(rows, search)))
    return sorted((_suggestion(group, search) for group in groups), key=lambda found: -found.rank)


def _wanting(rows: Iterable[Row[Any]], search: Search) -> Iterator[Asked]:
    for row in rows:
        reason = "thumbs_down" if row.feedback == "down" else _BY_RUNG.get(row.answered_by)
        if reason is None or "[" in row.question:  # a placeholder stands for personal data: nobody else asks that
            continue
        if reason != "thumbs_down":
            found = search.find(Question(row.question, row.language))
            if found.answers or search.is_order(row.question):
                continue
            if any(passed["reason"] in ("outside", "off_topic") for passed in row.passed or ()):
                reason = "rejected"
        yield Asked(row.question, row.language, reason, row.cost_microusd or 0)


def _same(asked: Iterable[Asked]) -> list[list[Asked]]:
    """Questions of the same words, however they are written; the largest groups first."""
    groups: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        words = " ".join(wording(one.language).words(one.text))
        if words:
            groups.setdefault((one.language, words), []).append(one)
    return sorted(groups.values(), key=lambda group: -len(group))


def _near(groups: list[list[Asked]]) -> list[list[Asked]]:
    """Smaller groups join a larger one that has nearly the same stems."""
    leaders: list[tuple[frozenset[str], list[Asked]]] = []
    with_stem: dict[str, list[int]] = {}
    for group in groups:
        stems = _stems(group[0])
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


def _stems(asked: Asked) -> frozenset[str]:
    spoken = wording(asked.language)
    return frozenset(f"{asked.language} {spoken.stem(word)}" for word in spoken.words(asked.text))


def _suggestion(group: list[Asked], search: Search) -> Suggestion:
    spellings = [text for text, _ in Counter(asked.text for asked in group).most_common()]
    helped = ("gpt_only",)
    costs = [one.cost_microusd + (0 if one.reason in helped else _NOT_HELPED_MICROUSD) for one in group]
    best, evidence = search.weigh(Question(spellings[0], group[0].language))
    return Suggestion(
        question=spellings[0],
        language=group[0].language,
        others=tuple(spellings[1:]),
        count=len(group),
        reasons=tuple(Counter(asked.reason for asked in group).most_common()),
        cost_microusd=round(sum(costs) / len(costs)),
        topic=best.slug if evidence.inside > _LEAST_INSIDE else None,
    )
