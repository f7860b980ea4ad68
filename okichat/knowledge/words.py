"""How visitors write: what they typed becomes stems, pairs of stems and concepts that can be compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

_LEXICON = Path(__file__).parent / "lexicon"
_WORD = re.compile(r"[a-z0-9]+")
_DOTTED_OR_HOURS = re.compile(r"\b(?:[a-z]\.){2,}|(?<=\d)h(?=\d|\b)")  # T.V.A., 9h30
_LONGEST_PHRASE_WORDS = 4
_MAX_REMEMBERED_STEMS = 20_000

# Endings that bear no meaning of their own, longest first; at least three letters, of long ones four, stay.
_ENDINGS = {
    "fr": """
        issements issement atrices ateurs ations atrice ateur ation issant issons issez issent ements ement euses euse eurs eur
        ites ite ives ive ifs if ances ance ences ence ables able ibles ible ismes isme istes iste iques ique aux al ales ale
        erions eriez eraient erais erait erai eras eront erons erez era aient ait ais ant ants ante antes ions iez ees ee es
        er ez e s ir irs is it ie ies i
    """,
    "en": "ations ation ings ing ements ement ers er ed es s ies ied y ly ness al ance ence able ive e",
}
# What is left of le, je, que… before an apostrophe.
_ELISIONS = {"fr": frozenset("l d j qu n s c m t".split()), "en": frozenset("s t m ll ve re d".split())}


def _without_accent(character: str) -> str:
    return unicodedata.normalize("NFD", character)[0]


# A table, because decomposing every text at start would cost more than all the counting.
_PLAIN = {ord(character): _without_accent(character) for character in map(chr, range(0xC0, 0x180))}
_PLAIN |= dict.fromkeys(range(0x300, 0x370), "") | {ord("œ"): "oe", ord("æ"): "ae", ord("’"): "'"}


def fold(text: str) -> str:
    """Small letters without accents or ligatures, with straight apostrophes."""
    return text.lower().translate(_PLAIN)


def _written_out(found: re.Match[str]) -> str:
    return " heures " if found[0] == "h" else found[0].replace(".", "")


class Wording:
    """One language's words: endings, abbreviations and concepts. Shared by all searches in that language."""

    def __init__(self, language: str) -> None:
        self._endings = frozenset(_ENDINGS.get(language, "").split())
        self._longest_ending = max(map(len, self._endings), default=0)
        self._elisions = _ELISIONS.get(language, frozenset())
        self._stems: dict[str, str] = {}
        self._abbreviations: dict[str, list[str]] = {}
        self._concepts: dict[tuple[str, ...], list[str]] = {}
        self._concept_beginnings: set[str] = set()
        self.known: set[str] = set()  # every word the lexicon writes out
        self._read(_LEXICON / f"{language}.txt")
        self.misuses = _examples(_LEXICON / f"{language}_misuses.txt")  # what people write who do not ask the firm

    def words(self, text: str) -> list[str]:
        """The words of a text, folded, without elided articles, abbreviations written out."""
        found: list[str] = []
        for word in _WORD.findall(_DOTTED_OR_HOURS.sub(_written_out, fold(text))):
            if word in self._abbreviations:
                found += self._abbreviations[word]
            elif word not in self._elisions:
                found.append(word)
        return found

    def stem(self, word: str) -> str:
        """The part of a word that its inflections share."""
        stem = self._stems.get(word)
        if stem is None:
            stem = self._cut(word)
            if len(self._stems) < _MAX_REMEMBERED_STEMS:  # visitors must not be able to fill the memory
                self._stems[word] = stem
        return stem

    def features(self, words: list[str]) -> list[str]:
        """What two texts are compared by: stems, pairs of neighbours, and the concepts the words stand for."""
        stems = [self.stem(word) for word in words]
        features = stems + [f"{first} {second}" for first, second in pairwise(stems)]
        for start, stem in enumerate(stems):
            if stem in self._concept_beginnings:
                for end in range(start + 1, min(start + _LONGEST_PHRASE_WORDS, len(stems)) + 1):
                    features += self._concepts.get(tuple(stems[start:end]), ())
        return features

    def _cut(self, word: str) -> str:
        for length in range(min(self._longest_ending, len(word) - 3), 0, -1):
            if len(word) - length >= 3 + (length > 2) and word[-length:] in self._endings:
                return word[:-length]
        return word

    def _read(self, path: Path) -> None:
        """`[abbreviations]` has `written = meant` lines, `[stems]` has `words = their stem` lines where cutting endings misleads,
        `[concepts]` has `name: words, or phrases, that mean it`."""
        if not path.is_file():
            return
        part = ""
        for line in path.read_text(encoding="utf-8").split("\n"):
            line = line.partition("#")[0].strip()
            if line.startswith("["):
                part = line
            elif line and part == "[abbreviations]":
                written, _, meant = line.partition("=")
                meaning = _WORD.findall(fold(meant))
                self.known.update(meaning)
                for word in written.split():
                    self._abbreviations[fold(word)] = [word for word in meaning if word not in self._elisions]
            elif line and part == "[stems]":
                written, _, stem = line.partition("=")
                self._stems.update(dict.fromkeys(map(fold, written.split()), fold(stem.strip())))
            elif line and part == "[concepts]":
                name, _, phrases = line.partition(":")
                for phrase in phrases.split(","):
                    words = [word for word in _WORD.findall(fold(phrase)) if word not in self._elisions]
                    self.known.update(words)
                    if words:
                        stems = tuple(map(self.stem, words))
                        self._concepts.setdefault(stems, []).append(f"@{name.strip()}")
                        self._concept_beginnings.add(stems[0])


def _examples(path: Path) -> tuple[str, ...]:
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else ()
    return tuple(line for line in lines if line and not line.startswith("#"))


@lru_cache
def wording(language: str) -> Wording:
    """The words of a language, read once."""
    return Wording(language)
