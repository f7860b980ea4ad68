"""Asks the local search questions whose topics are known, and counts: by kind, by topic, what was confused, what was rejected."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from okichat.guard.injection import misuse
from okichat.knowledge.calibration import Calibration, fit
from okichat.knowledge.findings import Findings
from okichat.knowledge.search import Search
from okichat.question import Question

OFF_TOPIC_KINDS = ("off_topic", "injection")
SMALL_TALK_KIND = "small_talk"


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question whose right topics are known; none for what is no question to the firm."""

    text: str
    language: str
    kind: str
    topics: tuple[str, ...]

    @property
    def is_to_firm(self) -> bool:
        """Whether one of the topics answers it."""
        return bool(self.topics)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question. `predicted` is None when no topic would have answered."""

    asked: LabelledQuestion
    findings: Findings
    was_small_talk: bool

    @property
    def predicted(self) -> str | None:
        """The topic that would have answered."""
        if self.was_small_talk or self.findings.verdict not in ("sure", "close"):
            return None
        return self.findings.topics[0].slug

    @property
    def is_right(self) -> bool:
        """Whether the right topic came first, or the question was rejected or greeted as it should be."""
        if self.asked.kind == SMALL_TALK_KIND:
            return self.was_small_talk
        return self.predicted in self.asked.topics if self.asked.is_to_firm else self.predicted is None


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95 % interval of Wilson (1927)."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """0 to 1; 0 of nothing is 0."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which two values the true share lies, in 95 of 100 such evaluations."""
        if not self.total:
            return 0.0, 1.0
        z2 = 1.96**2
        middle = (self.value + z2 / (2 * self.total)) / (1 + z2 / self.total)
        spread = (
            1.96
            * math.sqrt(self.value * (1 - self.value) / self.total + z2 / (4 * self.total**2))
            / (1 + z2 / self.total)
        )
        return max(middle - spread, 0.0), min(middle + spread, 1.0)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:5.1f} %  ({self.count} of {self.total}; {100 * low:.0f} to {100 * high:.0f} %)"


@dataclass(frozen=True, slots=True)
class Scores:
    """The outcomes of an evaluation and the figures drawn from them."""

    outcomes: tuple[Outcome, ...]

    @property
    def right(self) -> Share:
        """Questions to the firm whose right topic came first."""
        return self._share(lambda outcome: outcome.is_right, lambda outcome: outcome.asked.is_to_firm)

    @property
    def wrongly_rejected(self) -> Share:
        """Questions to the firm that no topic would have answered."""
        return self._share(lambda outcome: outcome.predicted is None, lambda outcome: outcome.asked.is_to_firm)

    @property
    def rejected(self) -> Share:
        """Off-topic questions and injections that no topic would have answered."""
        return self._share(lambda outcome: outcome.is_right, lambda outcome: outcome.asked.kind in OFF_TOPIC_KINDS)

    def by_kind(self) -> dict[str, Share]:
        """How many of each kind came out right, in the order the kinds first occur."""
        groups: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            groups.setdefault(outcome.asked.kind, []).append(outcome)
        return {kind: _share_right(group) for kind, group in groups.items()}

    def by_topic(self) -> dict[str, Share]:
        """How many questions of each topic got it first; a question with two topics counts for the one named first."""
        groups: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            if outcome.asked.topics:
                groups.setdefault(outcome.asked.topics[0], []).append(outcome)
        return {topic: _share_right(groups[topic]) for topic in sorted(groups)}

    def confusions(self) -> list[tuple[str, str, int]]:
        """Which topic was taken for which, and how often, most frequent first; "none" stands for no topic."""
        wrong = (outcome for outcome in self.outcomes if not outcome.is_right and outcome.asked.kind != SMALL_TALK_KIND)
        counted = Counter(((outcome.asked.topics or ("none",))[0], outcome.predicted or "none") for outcome in wrong)
        return [(meant, taken, count) for (meant, taken), count in counted.most_common()]

    def misses(self) -> list[str]:
        """One line for each question that did not come out right."""
        return [
            f"[{outcome.asked.kind}] {outcome.asked.text}\n"
            f"    meant {' or '.join(outcome.asked.topics) or 'none'}, found "
            f"{', '.join(topic.slug for topic in outcome.findings.topics) or 'none'} "
            f"({outcome.findings.verdict}, {outcome.findings.confidence:.2f})"
            for outcome in self.outcomes
            if not outcome.is_right
        ]

    def reliability(self) -> list[tuple[float, Share]]:
        """For each fifth of the confidence, from its lower bound: how often the first topic was the right one."""
        rows = []
        for fifth in range(5):
            low = fifth / 5
            within = [
                o for o in self.outcomes if o.asked.is_to_firm and low <= min(o.findings.confidence, 0.999) < low + 0.2
            ]
            right = sum(bool(o.findings.topics) and o.findings.topics[0].slug in o.asked.topics for o in within)
            rows.append((low, Share(right, len(within))))
        return rows

    def table(self) -> str:
        """The figures as plain text."""
        lines = [f"{'right topic first':24}{self.right}", f"{'wrongly rejected':24}{self.wrongly_rejected}"]
        lines += [f"{'off topic rejected':24}{self.rejected}", "", "By kind"]
        lines += [f"  {kind:22}{share}" for kind, share in self.by_kind().items()]
        lines += ["", "By topic"] + [f"  {topic:22}{share}" for topic, share in self.by_topic().items()]
        lines += ["", "Confidence"] + [f"  from {low:.1f}              {share}" for low, share in self.reliability()]
        lines += ["", "Confusions (meant, taken for)"]
        lines += [f"  {meant:18} {taken:18} {count}" for meant, taken, count in self.confusions()[:15]]
        return "\n".join(lines)

    def _share(self, is_counted: Callable[[Outcome], bool], is_among: Callable[[Outcome], bool]) -> Share:
        among = [outcome for outcome in self.outcomes if is_among(outcome)]
        return Share(sum(map(is_counted, among)), len(among))


def _share_right(outcomes: Sequence[Outcome]) -> Share:
    return Share(sum(outcome.is_right for outcome in outcomes), len(outcomes))


def read_questions(path: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a .jsonl file: an object a line, with question, language, kind and topics."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return tuple(LabelledQuestion(row["question"], row["language"], row["kind"], tuple(row["topics"])) for row in rows)


def evaluate(
    search: Search, questions: Iterable[LabelledQuestion], is_small_talk: Callable[[Question], bool]
) -> Scores:
    """Ask every question as a visitor does: past the guard's rules against misuse, and `is_small_talk` is asked first."""
    outcomes = []
    for asked in questions:
        question = Question(asked.text, asked.language, is_misuse=misuse(asked.text) is not None)
        outcomes.append(Outcome(asked, search.find(question), is_small_talk(question)))
    return Scores(tuple(outcomes))


def calibrate(search: Search, questions: Sequence[LabelledQuestion], today: date) -> Calibration:
    """The calibration that suits these questions; `write()` it to use it."""
    rows, elsewhere = [], []
    for asked in questions:
        best, evidence = search.best_topic(Question(asked.text, asked.language))
        if asked.is_to_firm:
            rows.append((evidence, best.slug in asked.topics))
        elif asked.kind == OFF_TOPIC_KINDS[0]:
            elsewhere.append(evidence)
    return fit(rows, elsewhere, today)
