"""Whether an answer gives away what the model was told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from okichat.guard.injection import plain_words

_OVERLAP_WORDS = 10


def leaks_prompt(answer: str, canary: str, prompt: str) -> bool:
    """Whether an answer holds the canary, a sentence that stands nowhere but in the prompt, or much of the prompt's own words.

    `prompt` is the part of the prompt that is nobody's business: the rules, without passages, question and contact
    details, which answers quote with good reason. Ten words of it in a row are a leak; accents, capitals, digits for
    letters and signs between the words make no difference."""
    said = f" {plain_words(answer)} "
    if (marked := plain_words(canary)) and marked.replace(" ", "") in said.replace(" ", ""):
        return True
    return not _runs(prompt).isdisjoint(_runs_of(said.split()))


@lru_cache(maxsize=8)
def _runs(prompt: str) -> frozenset[str]:
    """Kept, because the prompt is the same for all questions in one language, and much longer than an answer."""
    return frozenset(_runs_of(plain_words(prompt).split()))


def _runs_of(words: list[str]) -> Iterator[str]:
    return (" ".join(words[start : start + _OVERLAP_WORDS]) for start in range(len(words) - _OVERLAP_WORDS + 1))
