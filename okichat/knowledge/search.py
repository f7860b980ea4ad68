"""Finds the topic a visitor asks about and the section that answers, and says how sure it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import add
from threading import Lock
from typing import Literal

from okichat.knowledge.calibration import Calibration, Evidence, read_calibration
from okichat.knowledge.index import Index
from okichat.knowledge.library import Library, Section, Topic
from okichat.question import Question

Verdict = Literal["sure", "close", "unsure", "outside"]

_MAX_PASSAGES = 6
_MAX_TOPICS = 3
_LEAST_CONFIDENCE = 0.35  # an answer that is much more likely wrong than right helps nobody
_WORTH_SHOWING_WITHIN = 0.4  # of the best topic's score
_LEAD_OF_ONE_WORD = 0.25  # a vague one, such as "oui", must not name a topic
_ELLIPTICAL = {
    "fr": re.compile(r"(et|ok|d'accord|mais|donc|alors|aussi|sinon|idem|pareil|oui|non|ah|c'est|ça)\b", re.IGNORECASE),
    "en": re.compile(r"(and|ok|what about|how about|but|so|also|same|yes|no|is it|does it)\b", re.IGNORECASE),
}
_ELLIPTICAL_WORDS = 9  # a longer question says itself what it is about
_FROM_QUESTION, _FROM_TOPIC = 0.4, 0.4  # of its score, and for having been the topic
_NOTHING_TO_LEAN_FOR = -0.6  # below, the question is off topic whatever came before
_CLAUSES = re.compile(r"(?<=[.!?…;:])\s+|, ")


@dataclass(frozen=True, slots=True)
class Passage:
    """A section that may answer, with the topic it stands in."""

    topic: Topic
    section: Section
    score: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found for one question.

    passages     best first, at most six; the first is the section that answers, the lead for a general question
    topics       those worth showing, best first, at most three; empty when the verdict is "outside"
    confidence   0 to 1: how often a first topic found with this confidence is the right one
    verdict      sure: answer with the first topic. close: two topics are nearly equal, offer both. unsure: not good enough
                 to answer with, though a model may. outside: clearly no question to this firm
    """

    passages: tuple[Passage, ...]
    topics: tuple[Topic, ...]
    confidence: float
    verdict: Verdict


class Search:
    """Searches one library. A language is prepared when its first question comes, or by `prepare`."""

    def __init__(self, library: Library, calibration: Calibration | None = None) -> None:
        self._library = library
        self._calibration = calibration or read_calibration()
        self._indexes: dict[str, Index] = {}
        self._preparing = Lock()

    def prepare(self, language: str) -> None:
        """Get a language ready, so that its first question does not wait."""
        self._index(language)

    def find(self, question: Question) -> Findings:
        """The topics and sections for a question, in the light of what was asked before it."""
        index = self._index(question.language)
        if index.is_injection(question.text):
            return Findings((), (), 0.0, "outside")
        words = index.words(question.text)
        order, scores, evidence = self._weigh(index, question, words)
        verdict = self._verdict(index, words, evidence)
        if verdict == "outside":
            return Findings((), (), self._calibration.confidence(evidence), verdict)
        worth = [number for number in order[:_MAX_TOPICS] if scores[order[0]] - scores[number] < _WORTH_SHOWING_WITHIN]
        passages = [
            Passage(index.topics[number], *found) for number in worth for found in index.sections(number, words)
        ]
        return Findings(
            tuple(passages[:_MAX_PASSAGES]),
            tuple(index.topics[number] for number in worth),
            self._calibration.confidence(evidence),
            verdict,
        )

    def weigh(self, question: Question) -> tuple[Topic, Evidence]:
        """The best topic, however weak, and what speaks for it."""
        index = self._index(question.language)
        order, _, evidence = self._weigh(index, question, index.words(question.text))
        return index.topics[order[0]], evidence

    def _index(self, language: str) -> Index:
        language = language if language in self._library.languages else self._library.languages[0]
        with self._preparing:
            if language not in self._indexes:
                self._indexes[language] = Index(
                    self._library.topics(language), self._library.off_topic(language), language
                )
            return self._indexes[language]

    def _weigh(self, index: Index, question: Question, words: list[str]) -> tuple[list[int], list[float], Evidence]:
        scores = index.scores(words)
        count = len(index.topics)
        inside = max(scores[:count]) - max(scores[count:])
        clauses = [clause for clause in _CLAUSES.split(question.text) if clause]
        if len(clauses) > 1:  # a story has many words from elsewhere around the one clause that asks
            asked = max(_inside(index.scores(index.words(clause)), count) for clause in clauses)
            inside = (inside + asked) / 2
        if inside > _NOTHING_TO_LEAN_FOR and (leaning := self._leaning(index, question, words)):
            scores = list(map(add, scores, leaning))
            inside = max(inside, _inside(scores, count))
        order = sorted(range(count), key=scores.__getitem__, reverse=True)
        lead = scores[order[0]] - scores[order[1]] if count > 1 else scores[order[0]]
        return order, scores, Evidence(inside, lead)

    def _leaning(self, index: Index, question: Question, words: list[str]) -> list[float]:
        """What an elliptical question inherits from the exchange before it; nothing otherwise."""
        begins = _ELLIPTICAL[question.language if question.language in _ELLIPTICAL else "fr"]
        is_elliptical = len(words) < 4 or begins.match(question.text) is not None
        if not question.history or len(words) > _ELLIPTICAL_WORDS or not is_elliptical:
            return []
        before = question.history[-1]
        leaning = [_FROM_QUESTION * score for score in index.scores(index.words(before.question))]
        for number, topic in enumerate(index.topics):
            if topic.slug in before.topics:
                leaning[number] += _FROM_TOPIC if topic.slug == before.topics[0] else _FROM_TOPIC / 2
        return leaning

    def _verdict(self, index: Index, words: list[str], evidence: Evidence) -> Verdict:
        known = sum(map(index.knows, words))
        if not known:
            return "unsure"
        if evidence.inside < self._calibration.outside_below and known > 1:
            return "outside"
        if (
            evidence.inside < self._calibration.unsure_below
            or self._calibration.confidence(evidence) < _LEAST_CONFIDENCE
        ):
            return "unsure"
        if len(words) == 1 and evidence.lead < _LEAD_OF_ONE_WORD:
            return "unsure"
        return "close" if evidence.lead < self._calibration.close_below else "sure"


def _inside(scores: list[float], count: int) -> float:
    return max(scores[:count]) - max(scores[count:])
