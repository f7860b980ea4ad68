"""The figures of some days, as the dashboard shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Any

from okichat.conversations.listing import UNFINISHED
from okichat.sources.faults import FAULTS

__all__ = ["UNFINISHED", "USEFUL", "Figures", "sum_of_figures"]

USEFUL = ("gpt", "cache", "local")  # answers to what was asked; small talk and the way to a human are none
_PAUSED = "paused_"


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened.

    conversations  one that goes on past midnight counts on both days
    visitors       whoever comes on several days counts on each: their anonymous names change daily
    hours          questions by the hour of the firm's day, 0 to 23
    days           questions by day
    rungs          questions by the rung that answered, UNFINISHED where none did
    passes         how often a source (gpt, local …) did not answer, by source and reason
    ratings        "up" and "down"
    disliked       answers of USEFUL rungs that a visitor found unhelpful
    tokens         "input" and "output", as the model reported them
    hundredths     answered questions by the time they took, in hundredths of a second
    first_words    answered questions by the time to their first visible text, likewise
    """

    conversations: int = 0
    visitors: int = 0
    cost_microusd: int = 0
    disliked: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)
    rungs: Counter[str] = field(default_factory=Counter)
    passes: Counter[tuple[str, str]] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    hundredths: Counter[int] = field(default_factory=Counter)
    first_words: Counter[int] = field(default_factory=Counter)

    @property
    def questions(self) -> int:
        """All questions."""
        return self.rungs.total()

    @property
    def unanswered(self) -> int:
        """Questions that only the way to a human answered."""
        return self.rungs["handoff"]

    @property
    def useful(self) -> int:
        """Answers from GPT or the knowledge that nobody found unhelpful."""
        return sum(self.rungs[rung] for rung in USEFUL) - self.disliked

    @property
    def cost_per_useful_microusd(self) -> float | None:
        """What one useful answer cost; None where there was none."""
        return self.cost_microusd / self.useful if self.useful > 0 else None

    @property
    def errors(self) -> Mapping[str, int]:
        """How often the model did not answer, by class; a question that was spared a model known to be down counts too."""
        found: Counter[str] = Counter()
        for (source, reason), count in self.passes.items():
            fault = reason.removeprefix(_PAUSED)
            if source == "gpt" and fault in FAULTS:
                found[fault] += count
        return found

    def share(self, rung: str) -> float:
        """The share of a rung, 0 to 1."""
        return self.rungs[rung] / self.questions if self.questions else 0.0

    def time_s(self, share: float) -> float | None:
        """Within how many seconds that share of the answers was whole, e.g. 0.95; None where there are none."""
        return _quantile_s(self.hundredths, share)

    def first_word_s(self, share: float) -> float | None:
        """Within how many seconds that share of the answers showed their first words; None where there are none."""
        return _quantile_s(self.first_words, share)


def sum_of_figures(figures: Iterable[Figures]) -> Figures:
    """All of them together."""
    listed = list(figures)
    total: dict[str, Any] = {}
    for each in fields(Figures):
        values = [getattr(one, each.name) for one in listed]
        if each.default_factory is MISSING:
            total[each.name] = sum(values)
            continue
        total[each.name] = Counter()
        for value in values:
            total[each.name].update(value)
    return Figures(**total)


def _quantile_s(counts: Counter[int], share: float) -> float | None:
    wanted, seen = share * counts.total(), 0
    for hundredths in sorted(counts):
        seen += counts[hundredths]
        if seen >= wanted:
            return hundredths / 100
    return None
