"""A small linear classifier from the features of a question to topics: counts first, then corrections of its own mistakes."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, islice
from statistics import median
from typing import Any, NamedTuple

from okichat.knowledge.belonging import Belonging

# Found by leaving out a quarter of the example questions in turn; the result changes little around these values.
_SMOOTHING = 0.3
_PRIOR_FEATURES = 500
_COUNT_SCALE = 0.25
_LEAST_MASS = 0.5  # of a usual topic's; what is rare in a smaller one says no more than in that
_PASSES = 3
_STEP = 0.1  # twice as much is as good on average, but then the scores hang on the order of the examples
_MARGIN = 1.0
_FULL_ROW_ENTRIES = 8  # a feature seen with more classes than this gets a list with all of them, which is faster to add

_Row = list[float] | dict[int, float]


class _Rows(NamedTuple):
    """The weights of a text's features, those for all classes apart from those for few."""

    full: list[list[float]]
    few: list[dict[int, float]]
    size: int


class Sample(NamedTuple):
    """A text that belongs to one class. Texts of weight 1 are examples; lighter ones lend only their words."""

    features: Sequence[str]
    label: int
    weight: float = 1.0


class Ranking:
    """Scores every class for the features of a text. The same samples always give the same scores."""

    def __init__(self, samples: Sequence[Sample], classes: int, topics: int) -> None:
        """The first `topics` of the classes are topics, the next is what belongs to none; others are neither."""
        self._classes = classes
        self._weights: dict[str, _Row] = {}
        self._bias = [0.0] * classes
        seen = Counter(word for sample in samples for word in filter(_is_word, set(sample.features)))
        self._known = frozenset(seen)
        rare = frozenset(word for word, count in seen.items() if count == 1)
        exemplary = [
            (features, frozenset(filter(_is_word, features)), label)
            for features, label, weight in samples
            if weight == 1.0
        ]
        self._belonging = Belonging(
            [words for _, words, label in exemplary if label < topics],
            [words for _, words, label in exemplary if label == topics],
        )
        examples = [
            (
                _with_strangeness(features, rare.__contains__)
                + self._belonging.features(words, label < topics, label == topics),
                label,
            )
            for features, words, label in exemplary
        ]
        background = [
            (list(dict.fromkeys(features)), label, weight) for features, label, weight in samples if weight != 1.0
        ]
        self._count([*((features, label, 1.0) for features, label in examples), *background], topics)
        self._correct([(self._rows(features), label) for features, label in examples])

    def plain(self) -> dict[str, Any]:
        """All it has learned, in values that JSON has, and that are read quickly: few long lists."""
        full = {feature: row for feature, row in self._weights.items() if type(row) is list}
        few = {feature: row for feature, row in self._weights.items() if type(row) is dict}
        return {
            "bias": self._bias,
            "known": sorted(self._known),
            "belonging": self._belonging.plain(),
            "full": full,
            "few": list(few),
            "sizes": list(map(len, few.values())),
            "labels": list(chain.from_iterable(few.values())),
            "weights": list(chain.from_iterable(row.values() for row in few.values())),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Ranking:
        """What `plain` was made of: the same scores, to the last digit."""
        ranking = cls.__new__(cls)
        ranking._classes = len(plain["bias"])
        ranking._bias = plain["bias"]
        ranking._known = frozenset(plain["known"])
        ranking._belonging = Belonging.from_plain(plain["belonging"])
        pairs = zip(plain["labels"], plain["weights"], strict=True)
        rows = (dict(islice(pairs, size)) for size in plain["sizes"])
        same = {word: word for word in plain["known"]}
        few = (same.get(feature, feature) for feature in plain["few"])
        ranking._weights = {**plain["full"], **dict(zip(few, rows, strict=True))}
        return ranking

    def scores(self, features: Sequence[str]) -> list[float]:
        """One number for each class; only their differences mean something."""
        unique = _with_strangeness(features, lambda word: word not in self._known)
        unique += self._belonging.features(frozenset(filter(_is_word, unique)))
        return self._totals(self._rows(unique))

    def knows(self, word: str) -> bool:
        """Whether any sample has that stem."""
        return word in self._known

    def _rows(self, features: Sequence[str]) -> _Rows:
        rows = [self._weights[feature] for feature in features if feature in self._weights]
        full = [row for row in rows if type(row) is list]
        return _Rows(full, [row for row in rows if type(row) is dict], len(features))

    def _totals(self, rows: _Rows) -> list[float]:
        full, few, size = rows
        totals: list[float] = list(map(sum, zip([bias * size for bias in self._bias], *full, strict=True)))
        for row in few:
            for label, weight in row.items():
                totals[label] += weight
        norm = 1 / math.sqrt(size or 1)
        return [total * norm for total in totals]

    def _count(self, samples: Sequence[tuple[list[str], int, float]], topics: int) -> None:
        """Multinomial naive Bayes, written so that a class that never saw a feature weighs nothing.

        A topic with few words counts as half a usual one: else every long question, of whose words it knows none, were its."""
        counts: dict[str, dict[int, float]] = defaultdict(dict)
        masses = [0.0] * self._classes
        for features, label, weight in samples:
            for feature in features:
                row = counts[feature]
                row[label] = row.get(label, 0.0) + weight
            masses[label] += weight * len(features)
        least = _LEAST_MASS * median(masses[:topics])
        self._bias = [-_COUNT_SCALE * math.log(max(mass, least) + _SMOOTHING * _PRIOR_FEATURES) for mass in masses]
        for feature, row in counts.items():
            for label, count in row.items():
                row[label] = _COUNT_SCALE * math.log((count + _SMOOTHING) / _SMOOTHING)
            is_full = len(row) > _FULL_ROW_ENTRIES
            self._weights[feature] = [row.get(label, 0.0) for label in range(self._classes)] if is_full else row

    def _correct(self, examples: list[tuple[_Rows, int]]) -> None:
        """Passive-aggressive passes: an example whose class does not lead clearly moves the weights by what is missing.

        What stays is the mean of the weights after each move, which hangs less on the order of the examples."""
        order = random.Random(0)  # fixed, so that the scores are the same at every start
        moves = []
        for _ in range(_PASSES):
            order.shuffle(examples)
            wrong = []
            for rows, label in examples:
                scores = self._totals(rows)
                own, scores[label] = scores[label], -math.inf
                highest = max(scores)
                missing = _MARGIN - (own - highest)
                if missing > 0:
                    wrong.append((rows, label))
                    rival = scores.index(highest)
                    step = min(_STEP, missing / 2) / math.sqrt(rows.size)
                    _move(rows, label, rival, step)
                    moves.append((rows, label, rival, step))
            examples = wrong  # those that were clearly right hardly ever need a second look, and are most
        for number, (rows, label, rival, step) in enumerate(moves):
            _move(rows, label, rival, -step * number / len(moves))


_is_word = str.isalpha  # a feature that is one stem: no pair, no concept, no number


def _move(rows: _Rows, label: int, rival: int, step: float) -> None:
    for full in rows.full:
        full[label] += step
        full[rival] -= step
    for few in rows.few:
        few[label] = few.get(label, 0.0) + step
        few[rival] = few.get(rival, 0.0) - step


def _with_strangeness(features: Sequence[str], is_strange: Callable[[str], bool]) -> list[str]:
    """Each feature once, and one that tells how many words are strange: seen nowhere, or during training only here."""
    # No set: its order, and with it the last digits, would change at every start.
    unique = list(dict.fromkeys(features))
    words = list(filter(_is_word, unique))
    share = sum(map(is_strange, words)) / len(words) if words else 0.0
    unique.append("?none" if not share else "?few" if share <= 0.2 else "?some" if share <= 0.4 else "?many")
    return unique
