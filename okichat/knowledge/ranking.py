"""A small linear classifier from the features of a question to topics: counts first, then a few corrections of its own mistakes."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

_SMOOTHING = 0.3
_PRIOR_FEATURES = 500
_COUNT_SCALE = 0.25
_PASSES = 2
_STEP = 0.2
_MARGIN = 1.0


class Sample(NamedTuple):
    """A text that belongs to one class. Texts of weight 1 are examples; lighter ones lend only their words."""

    features: Sequence[str]
    label: int
    weight: float = 1.0


class Ranking:
    """Scores every class for the features of a text. The same samples always give the same scores."""

    def __init__(self, samples: Sequence[Sample], classes: int) -> None:
        self._classes = classes
        self._weights: dict[str, dict[int, float]] = {}
        self._bias = [0.0] * classes
        seen = Counter(feature for sample in samples for feature in set(sample.features) if is_word(feature))
        self._known = frozenset(seen)
        rare = frozenset(word for word, count in seen.items() if count == 1)
        self._count(samples, rare)
        self._correct([sample for sample in samples if sample.weight == 1.0], rare)

    def scores(self, features: Sequence[str]) -> list[float]:
        """One number for each class; only their differences mean something."""
        return self._scores(_with_strangeness(set(features), lambda word: word not in self._known))

    def knows(self, word: str) -> bool:
        """Whether any sample has that stem."""
        return word in self._known

    def _scores(self, features: set[str]) -> list[float]:
        totals = [bias * len(features) for bias in self._bias]
        for feature in features:
            for label, weight in self._weights.get(feature, {}).items():
                totals[label] += weight
        norm = 1 / math.sqrt(len(features) or 1)
        return [total * norm for total in totals]

    def _count(self, samples: Sequence[Sample], rare: frozenset[str]) -> None:
        """Multinomial naive Bayes, written so that a class that never saw a feature needs no entry."""
        counts: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        masses = [0.0] * self._classes
        for features, label, weight in samples:
            unique = _with_strangeness(set(features), rare.__contains__) if weight == 1.0 else set(features)
            for feature in unique:
                counts[feature][label] += weight
            masses[label] += weight * len(unique)
        self._bias = [-_COUNT_SCALE * math.log(mass + _SMOOTHING * _PRIOR_FEATURES) for mass in masses]
        for feature, row in counts.items():
            self._weights[feature] = {
                label: _COUNT_SCALE * math.log((count + _SMOOTHING) / _SMOOTHING) for label, count in row.items()
            }

    def _correct(self, examples: list[Sample], rare: frozenset[str]) -> None:
        """Passive-aggressive passes: an example whose class does not lead clearly moves the weights by what is missing."""
        prepared = [(_with_strangeness(set(features), rare.__contains__), label) for features, label, _ in examples]
        order = random.Random(0)
        for _ in range(_PASSES):
            order.shuffle(prepared)
            for features, label in prepared:
                scores = self._scores(features)
                own = scores[label]
                scores[label] = -math.inf
                rival = max(range(self._classes), key=scores.__getitem__)
                missing = _MARGIN - (own - scores[rival])
                if missing > 0:
                    step = min(_STEP, missing / 2) / math.sqrt(len(features))
                    for feature in features:
                        row = self._weights[feature]
                        row[label] = row.get(label, 0.0) + step
                        row[rival] = row.get(rival, 0.0) - step


def is_word(feature: str) -> bool:
    """Whether a feature is one stem: no pair, no concept, no number."""
    return feature.isalpha()


def _with_strangeness(features: set[str], is_strange: object) -> set[str]:
    words = [feature for feature in features if feature.isalpha()]
    strange = sum(map(is_strange, words))  # type: ignore[arg-type]
    if not words:
        return features | {"?0"}
    share = strange / len(words)
    features.add("?0" if not strange else "?1" if share <= 0.2 else "?2" if share <= 0.4 else "?3")
    return features
