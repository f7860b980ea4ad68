"""Which words speak for the firm and which for the rest of the world, however they are put: "combien coûte un bilan"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from itertools import chain
from typing import Any

_TIMES_AS_OFTEN = 3.0  # found, like the next two, on tests/evaluation/tune.jsonl
_SMOOTHING = 0.5
_MOST_COUNTED = 2


class Belonging:
    """Learns from examples of both sides; without examples of one side there is nothing to tell."""

    def __init__(self, ours: Sequence[Set[str]], theirs: Sequence[Set[str]]) -> None:
        self._ours = Counter(chain.from_iterable(ours))
        self._theirs = Counter(chain.from_iterable(theirs))
        self._usual = len(ours) / len(theirs) if theirs else 0.0
        self._telling = {less: self._telling_words(*less) for less in ((0, 0), (1, 0), (0, 1))}

    def plain(self) -> list[Any]:
        """What tells the sides apart once the examples have been learned, in values that JSON has."""
        return [self._usual, *(sorted(words) for words in self._telling[0, 0])]

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Belonging:
        """What `plain` was made of; it can leave no example out any more."""
        belonging = cls((), ())
        belonging._usual, ours, theirs = plain
        belonging._telling = {(0, 0): (frozenset(ours), frozenset(theirs))}
        return belonging

    def features(self, words: Set[str], ours_less: int = 0, theirs_less: int = 0) -> list[str]:
        """How many words are much more frequent on one side than on the other, one feature for each side.

        For an example this has learned from, leave it out of its side: else each would vouch for its own words."""
        if not self._usual:
            return []
        ours, theirs = self._telling[ours_less, theirs_less]
        return [
            f"?ours{min(len(words & ours), _MOST_COUNTED)}",
            f"?theirs{min(len(words & theirs), _MOST_COUNTED)}",
        ]

    def _telling_words(self, ours_less: int, theirs_less: int) -> tuple[frozenset[str], frozenset[str]]:
        ours, theirs = [], []
        least, most = self._usual * _TIMES_AS_OFTEN, self._usual / _TIMES_AS_OFTEN
        for word in self._ours.keys() | self._theirs.keys():
            here, there = self._ours[word] - ours_less, self._theirs[word] - theirs_less
            if here + there > 0:
                ratio = (here + _SMOOTHING) / (there + _SMOOTHING)
                if ratio >= least:
                    ours.append(word)
                elif ratio <= most:
                    theirs.append(word)
        return frozenset(ours), frozenset(theirs)
