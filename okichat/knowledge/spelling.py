"""Mends words that nobody writes so: typing slips, writing by ear, words run together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_SHORTEST_MENDED_CHARS = 4
_REMEMBERED_WORDS = 5_000
# French letters that sound alike, in the order they are replaced; between the two, h goes and y becomes i.
_CONSONANTS = (
    (re.compile(r"qu|c(?=[aourltksn]|$)"), "k"),
    (re.compile(r"g(?=[ei])"), "j"),
    (re.compile(r"c(?=[eiy])|ss|x"), "s"),
)
_VOWELS_AND_ENDINGS = (
    (re.compile(r"[ae][mn](?![aeiouy])"), "an"),
    (re.compile(r"(ai|ei|oe)"), "e"),
    (re.compile(r"(ees|ee|er|ez|es|et|ent|e|s|t|d|p)$"), ""),
    (re.compile(r"([a-z])\1"), r"\1"),
)
_GLUED = ("qu", "d", "l", "j", "m", "n", "s", "t", "c")


def sound(word: str) -> str:
    """What a French word sounds like, roughly: words written by ear meet the real one here."""
    word = word.replace("eau", "o").replace("au", "o").replace("ph", "f")
    for pattern, heard in _CONSONANTS:
        word = pattern.sub(heard, word)
    word = word.replace("h", "").replace("y", "i")
    for pattern, heard in _VOWELS_AND_ENDINGS:
        word = pattern.sub(heard, word)
    return word.replace("z", "s")


class Spelling:
    """Corrects words towards those of a vocabulary, most frequent first."""

    def __init__(self, vocabulary: Iterable[str], french: bool) -> None:
        self._known = dict.fromkeys(vocabulary)
        self._french = french
        self._by_sound: dict[str, str] = {}
        by_piece: dict[str, list[str]] = defaultdict(list)
        self._mended: dict[str, list[str]] = {}
        for word in self._known:
            if len(word) >= _SHORTEST_MENDED_CHARS and not word.isdigit():
                if french:
                    self._by_sound.setdefault(sound(word), word)
                for piece in _pieces(word):
                    by_piece[piece].append(word)
        self._by_piece: dict[str, list[str]] = by_piece

    def plain(self) -> dict[str, Any]:
        """All it knows, in values that JSON has."""
        by_piece = {piece: " ".join(words) for piece, words in self._by_piece.items()}
        return {"known": " ".join(self._known), "french": self._french, "sound": self._by_sound, "piece": by_piece}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Spelling:
        """What `plain` was made of."""
        spelling = cls((), plain["french"])
        spelling._known = dict.fromkeys(plain["known"].split())
        same = {word: word for word in spelling._known}  # each word stands in a dozen lists, and once in memory
        spelling._by_sound = {heard: same[word] for heard, word in plain["sound"].items()}
        spelling._by_piece = {piece: [same[word] for word in words.split()] for piece, words in plain["piece"].items()}
        return spelling

    def mend(self, word: str) -> list[str]:
        """The word itself when it is known or like none; else the word, or the two run together, that were meant."""
        if word in self._known or len(word) < _SHORTEST_MENDED_CHARS or not word.isalpha():
            return [word]
        mended = self._mended.get(word)
        if mended is None:
            if len(self._mended) >= _REMEMBERED_WORDS:
                self._mended.clear()
            mended = self._mended[word] = self._mend(word)
        return mended

    def _mend(self, word: str) -> list[str]:
        if self._french:
            for prefix in _GLUED:
                rest = word.removeprefix(prefix)
                if rest != word and len(rest) > 2 and rest in self._known:
                    return [rest]
            if alike := self._by_sound.get(sound(word)):
                return [alike]
        if near := self._nearest(word):
            return [near]
        for cut in range(4, len(word) - 3):
            if word[:cut] in self._known and word[cut:] in self._known:
                return [word[:cut], word[cut:]]
        if self._french:
            for prefix in _GLUED:
                rest = word.removeprefix(prefix)
                if rest != word and len(rest) >= 6 and (near := self._nearest(rest)):
                    return [near]
        return [word]

    def _nearest(self, word: str) -> str | None:
        shared: dict[str, int] = defaultdict(int)
        for piece in _pieces(word):
            for candidate in self._by_piece.get(piece, ()):
                shared[candidate] += 1
        allowed = 1 if len(word) < 8 else 2
        likely = sorted(shared, key=lambda candidate: -shared[candidate] / (len(candidate) + len(word)))[:6]
        best, best_distance = None, allowed + 1
        for candidate in likely:
            if abs(len(candidate) - len(word)) <= allowed:
                distance = edits(word, candidate, best_distance)
                if distance < best_distance:
                    best, best_distance = candidate, distance
        return best


def _pieces(word: str) -> dict[str, None]:
    padded = f" {word} "
    return dict.fromkeys(padded[start : start + 2] for start in range(len(padded) - 1))


def edits(first: str, second: str, limit: int) -> int:
    """How many letters were added, left out, replaced or swapped with their neighbour; `limit` when that many or more."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) >= limit:
            return limit
    return min(row[-1], limit)
