"""Whether an answer gives away what the model was told."""

from __future__ import annotations

from okichat.guard.injection import plain_words

_OVERLAP_WORDS = 10


def leaks_prompt(answer: str, canary: str, prompt: str = "") -> bool:
    """Whether an answer holds the canary, a sentence that stands nowhere but in the prompt, or much of the prompt's own words.

    `prompt` is the part of the prompt that is nobody's business: the rules, without passages, question and contact
    details, which answers quote with good reason. Ten words of it in a row are a leak; accents, capitals, digits for
    letters and signs between the words make no difference."""
    said = f" {plain_words(answer)} "
    if (marked := plain_words(canary)) and marked.replace(" ", "") in said.replace(" ", ""):
        return True
    words = plain_words(prompt).split()
    runs = (" ".join(words[start : start + _OVERLAP_WORDS]) for start in range(len(words) - _OVERLAP_WORDS + 1))
    return any(f" {run} " in said for run in runs)
