"""When two visitors have asked the same question: how it is written does not count, what it says does."""

from __future__ import annotations

import hashlib
import re

from okichat.knowledge.words import fold
from okichat.question import Question
from okichat.recall import Recall

_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}[^\W\d_]?(?!\w)")  # S.A.R.L.
_SIGNS_OF_AMOUNTS = re.compile(r"([%€$£])")
# Marks that say nothing. Those that stand in numbers (1,5 · -20 · 24/12) stay where a number is.
_MARKS = re.compile(r"[;!?\"«»“”„…()\[\]{}|_~`*\\]|[.,:/'’‘–—-](?!\d)|(?<![\d\s])(?<!^)[.,:/'’‘–—-]")
# Legal forms that are also words: "SA" is a company, "sa" is not.
_FORMS_LIKE_WORDS = frozenset({"SA", "SE", "EI"})


def normalised(text: str) -> str:
    """The text without case, accents, punctuation and spare blanks; empty where nothing else is in it."""
    text = _DOTTED.sub(lambda form: form[0].replace(".", ""), text)
    text = _MARKS.sub(" ", _SIGNS_OF_AMOUNTS.sub(r" \1 ", text))
    return " ".join(word if word in _FORMS_LIKE_WORDS else fold(word) for word in text.split())


class Keys:
    """Names questions that get the same answer. Any change of what an answer is made from changes every name."""

    def __init__(self, *versions: str | None) -> None:
        """`versions`: of the knowledge, of the prompt, and the models that are asked."""
        self._versions = tuple(version or "" for version in versions)
        self._recall: Recall[str | None] = Recall()

    def key(self, question: Question) -> str | None:
        """The name of a first question without personal data; None for one that is answered for this visitor alone."""
        if question.continues or question.history or question.personal:
            return None
        return self._recall.of(question.text, lambda: self._key(question.text, question.language), question.language)

    def _key(self, text: str, language: str) -> str | None:
        text = normalised(text)
        if not text:
            return None
        return hashlib.sha256("\n".join((text, language, *self._versions)).encode()).hexdigest()[:40]
