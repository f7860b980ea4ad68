"""Greetings, thanks, "es-tu un robot ?": a short fitting reply, free and at once."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from okichat.answer import Answer, Event
from okichat.errors import SourceUnavailable
from okichat.knowledge.findings import Findings
from okichat.question import Question
from okichat.recall import Recall
from okichat.sentences import Sentences

_FILLER = "filler"
_MOST_WORDS = 14
_LEAST_CHARS_FOR_TYPO = 5
_TYPO_LIKENESS = 0.83

Phrase = tuple[str, ...]


class NoSmallTalk(SourceUnavailable):
    """The visitor asks something."""

    reason = "no_small_talk"


class SmallTalk:
    """Replies to what is no question."""

    name = "small_talk"

    def __init__(self, firm: str, sentences: Sentences) -> None:
        self._firm = firm
        self._sentences = sentences
        self._kinds: Recall[str | None] = Recall()

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """One short Answer in the question's language. Raises NoSmallTalk."""
        kind = self._kinds.of(question.text, lambda: kind_of_small_talk(question.text))
        if kind is None:
            raise NoSmallTalk
        say = self._sentences(question.language)
        yield Answer(say(f"small_talk.{kind}", name=self._firm), self.name, confidence=1.0)


def kind_of_small_talk(text: str) -> str | None:
    """hello, thanks, goodbye…: the most telling kind among the phrases that make up the whole text. None for anything else."""
    words = _words(text)
    if not words:
        return _without_words(text)
    if len(words) > _MOST_WORDS:
        return None
    phrases, kinds = _phrases()
    found: list[str] = []
    while words:
        kind, length = _next_phrase(words, phrases)
        if kind is None:
            return None
        found.append(kind)
        words = words[length:]
    telling = [kind for kind in found if kind != _FILLER]
    return max(telling, key=kinds.index) if telling else None


def _without_words(text: str) -> str | None:
    """A lone "?" wants help, an emoji is a nod; figures may mean anything."""
    if any(character.isdigit() for character in text):
        return None
    return "help" if "?" in text else "ok"


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFD", text.lower().replace("œ", "oe"))
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return [re.sub(r"(.)\1{2,}", r"\1", word) for word in re.findall(r"[a-z]+", plain)]


def _next_phrase(words: list[str], phrases: dict[Phrase, str]) -> tuple[str | None, int]:
    """The kind and length of the longest phrase that these words begin with."""
    for length in range(min(len(words), 8), 0, -1):
        kind = phrases.get(tuple(words[:length]))
        if kind is not None:
            return kind, length
    return _misspelt(words[0]), 1


@lru_cache(maxsize=4096)
def _misspelt(word: str) -> str | None:
    phrases, _ = _phrases()
    if len(word) < _LEAST_CHARS_FOR_TYPO:
        return None
    single = [phrase[0] for phrase in phrases if len(phrase) == 1 and len(phrase[0]) >= _LEAST_CHARS_FOR_TYPO]
    near = difflib.get_close_matches(word, single, n=1, cutoff=_TYPO_LIKENESS)
    return phrases[(near[0],)] if near else None


@cache
def _phrases() -> tuple[dict[Phrase, str], list[str]]:
    """Every phrase with its kind, and the kinds from the least to the most telling."""
    phrases: dict[Phrase, str] = {}
    kinds: list[str] = []
    for line in Path(__file__).with_name("small_talk.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kinds.append(line.strip("[]"))
        elif line and not line.startswith("#"):
            phrases[tuple(line.split())] = kinds[-1]
    return phrases, kinds
