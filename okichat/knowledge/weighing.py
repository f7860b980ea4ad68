"""How well each topic fits a question: its scores, and what speaks for the best one."""

from __future__ import annotations

import re
from operator import add
from typing import NamedTuple

from okichat.knowledge.calibration import Evidence
from okichat.knowledge.clauses import sentences_of
from okichat.knowledge.index import Index
from okichat.question import Question

_ELLIPTICAL = {
    "fr": re.compile(r"(et|ok|d'accord|mais|donc|alors|aussi|sinon|idem|pareil|oui|non|ah|c'est|ça)\b", re.IGNORECASE),
    "en": re.compile(r"(and|ok|what about|how about|but|so|also|same|yes|no|is it|does it)\b", re.IGNORECASE),
}
_FEW_WORDS, _ELLIPTICAL_WORDS = 4, 9  # a longer question says itself what it is about
_CLEAR_INSIDE = 0.5  # and so does one that fits a topic so well: "vos horaires ?"
_FROM_QUESTION, _FROM_TOPIC = 0.4, 0.4  # of its score, and for having been the topic
_NOTHING_TO_LEAN_FOR = -0.6  # below, the question is off topic whatever came before
_STORY_WORDS = 12  # in a shorter text "can you help me?" would vouch for whatever is asked for beside it


class Weighed(NamedTuple):
    """The topics by their scores for some words."""

    words: list[str]
    order: list[int]
    scores: list[float]
    evidence: Evidence


def weigh(index: Index, question: Question) -> Weighed:
    """Weigh the topics of `index` for a question, in the light of what was asked before it."""
    words = index.words(question.text)
    scores = index.scores(words)
    count = len(index.topics)
    inside = _inside(scores, count)
    clauses = sentences_of(question.text)
    if len(clauses) > 1 and len(words) > _STORY_WORDS:  # it has many words from elsewhere around the clause that asks
        asked = max(_inside(index.scores(index.words(clause)), count) for clause in clauses)
        inside = (inside + asked) / 2
    is_clear = inside >= _CLEAR_INSIDE
    if inside > _NOTHING_TO_LEAN_FOR and (leaning := _leaning(index, question, words, is_clear)):
        scores = list(map(add, scores, leaning))
        inside = max(inside, _inside(scores, count))
    order = sorted(range(count), key=scores.__getitem__, reverse=True)
    lead = scores[order[0]] - scores[order[1]] if count > 1 else scores[order[0]]
    return Weighed(words, order, scores, Evidence(inside, lead))


def _leaning(index: Index, question: Question, words: list[str], is_clear: bool) -> list[float]:
    """What an elliptical question inherits from the exchange before it; nothing otherwise."""
    begins = _ELLIPTICAL[question.language if question.language in _ELLIPTICAL else "fr"]
    is_elliptical = begins.match(question.text) is not None or (len(words) <= _FEW_WORDS and not is_clear)
    if not question.history or len(words) > _ELLIPTICAL_WORDS or not is_elliptical:
        return []
    before = question.history[-1]
    leaning = [_FROM_QUESTION * score for score in index.scores(index.words(before.question))]
    for number, topic in enumerate(index.topics):
        if topic.slug in before.topics:
            leaning[number] += _FROM_TOPIC if topic.slug == before.topics[0] else _FROM_TOPIC / 2
    return leaning


def _inside(scores: list[float], count: int) -> float:
    return max(scores[:count]) - max(scores[count:])
