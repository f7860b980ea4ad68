"""Finds the topic a visitor asks about and the section that answers, and says how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from threading import Lock

from okichat.knowledge.calibration import Calibration, Evidence, read_calibration
from okichat.knowledge.clauses import Declined, declined, joined_questions
from okichat.knowledge.findings import Findings, Passage, Verdict
from okichat.knowledge.index import Index
from okichat.knowledge.kept import KeptLearning
from okichat.knowledge.learning import learn
from okichat.knowledge.library import Library
from okichat.knowledge.topic_file import Section, Topic
from okichat.knowledge.weighing import Weighed, weigh
from okichat.knowledge.words import wording
from okichat.question import Question
from okichat.recall import Recall

_MAX_PASSAGES = 6
_MAX_TOPICS = 3
_LEAST_CONFIDENCE = 0.35  # an answer that is much more likely wrong than right helps nobody
_WORTH_SHOWING_WITHIN = 0.4  # of the best topic's score
_LEAD_OF_ONE_WORD = 0.25  # a vague one, such as "oui", must not name a topic
_CERTAIN = 0.99  # the words are those of a button of ours
_SURE_OF_BOTH = 0.8  # each of two questions in one
_SURE_BESIDE = 0.6  # what is wanted in place of what is declined
_MOST_WORDS_OF_BOTH = 24  # a longer text tells a story, whose parts are no questions


def _today() -> date:
    return datetime.now(UTC).date()


class Search:
    """Searches one library. A language is prepared when its first question comes, or by `prepare`."""

    def __init__(
        self,
        library: Library,
        calibration: Calibration | None = None,
        *,
        today: Callable[[], date] = _today,
        kept: KeptLearning | None = None,
    ) -> None:
        """`today` decides which topics hold; the firm's own day. `kept` has what earlier starts learned from them."""
        self._library = library
        self._calibration = calibration or read_calibration()
        self.today = today
        self._recall: Recall[Findings] = Recall(most=500)
        self._indexes: dict[str, Index] = {}
        self._preparing = Lock()
        self._kept = kept

    def prepare(self, language: str) -> None:
        """Get a language ready, so that its first question does not wait."""
        self._index(language)

    def prepare_all(self) -> None:
        """Get every language of the library ready."""
        for language in self._library.languages:
            self.prepare(language)

    def find(self, question: Question) -> Findings:
        """The topics and sections for a question, in the light of what was asked before it."""
        if question.history:
            return self._find(question)
        return self._recall.of(
            question.text, lambda: self._find(question), question.language, question.is_misuse, self.today()
        )

    def _find(self, question: Question) -> Findings:
        index = self._index(question.language)
        if question.is_misuse:
            return Findings((), (), 0.0, "outside")
        if offered := index.offered(question.text):
            return self._offered(index, *offered)
        if unwanted := declined(question.text, question.language):
            return self._beside(index, question, unwanted)
        weighed = weigh(index, question)
        found = self._findings(index, question, weighed, self._verdict(index, weighed))
        named = index.exemplified(question.text)
        if named is None or (found.verdict == "sure" and found.topics[0] is index.topics[named]):
            return found
        return self._offered(index, named, index.sections(named, weighed.words)[0])

    def best_topic(self, question: Question) -> tuple[Topic, Evidence]:
        """The best topic, however weak, and what speaks for it."""
        index = self._index(question.language)
        weighed = weigh(index, question)
        return index.topics[weighed.order[0]], weighed.evidence

    def nearest(self, question: Question, most: int) -> list[Topic]:
        """The topics it may belong to, the likeliest first, however weak."""
        index = self._index(question.language)
        return [index.topics[number] for number in weigh(index, question).order[:most]]

    def _findings(self, index: Index, question: Question, weighed: Weighed, verdict: Verdict) -> Findings:
        confidence = self._calibration.confidence(weighed.evidence)
        if verdict == "outside":
            return Findings((), (), confidence, verdict)
        best = weighed.scores[weighed.order[0]]
        worth = [n for n in weighed.order[:_MAX_TOPICS] if best - weighed.scores[n] < _WORTH_SHOWING_WITHIN]
        answers: list[Passage] = []
        if verdict in ("sure", "close"):
            both = self._both(index, question, weighed)
            worth = list(dict.fromkeys([*both, *worth]))[:_MAX_TOPICS]
            if both:
                verdict, answers = "sure", [self._passages(index, number, words)[0] for number, words in both.items()]
            elif verdict == "sure":
                answers = self._passages(index, worth[0], weighed.words)[:1]
            else:
                answers = [self._passage(index.topics[n], index.topics[n].sections[0]) for n in worth[:2]]
        found = [passage for number in worth for passage in self._passages(index, number, weighed.words)]
        passages = answers + [passage for passage in found if not _stands_in(passage, answers)]
        return Findings(
            tuple(passages[:_MAX_PASSAGES]),
            tuple(index.topics[number] for number in worth),
            confidence,
            verdict,
            tuple(answers),
        )

    def _offered(self, index: Index, number: int, section: Section) -> Findings:
        topic = index.topics[number]
        answer = self._passage(topic, section)
        others = [self._passage(topic, other) for other in topic.sections if other is not section]
        return Findings((answer, *others[: _MAX_PASSAGES - 1]), (topic,), _CERTAIN, "sure", (answer,))

    def _beside(self, index: Index, question: Question, unwanted: Declined) -> Findings:
        """What the visitor wants in place of what is declined; the topic of that is never the answer."""
        if unwanted.wanted:
            never = weigh(index, replace(question, text=unwanted.deed)).order[0]
            wanted = weigh(index, replace(question, text=unwanted.wanted))
            is_sure = self._calibration.confidence(wanted.evidence) >= _SURE_BESIDE
            if is_sure and wanted.order[0] != never and self._verdict(index, wanted) == "sure":
                return self._findings(index, replace(question, text=unwanted.wanted), wanted, "sure")
        found = self._findings(index, question, weigh(index, question), "unsure")
        return replace(found, confidence=0.0)

    def _both(self, index: Index, question: Question, weighed: Weighed) -> dict[int, list[str]]:
        """Two topics that one text asks about, the best first, each with the words that do; nothing where it asks one thing."""
        parts = joined_questions(question.text)
        if len(parts) < 2 or len(weighed.words) > _MOST_WORDS_OF_BOTH:
            return {}
        found: dict[int, list[str]] = {}
        for part in parts:
            asked = weigh(index, replace(question, text=part, history=()))
            is_sure = self._calibration.confidence(asked.evidence) >= _SURE_OF_BOTH
            if is_sure and self._verdict(index, asked) == "sure" and index.is_named(asked.order[0], asked.words):
                found.setdefault(asked.order[0], asked.words)
        best = weighed.order[0]
        return {best: found.pop(best), **found} if len(found) == 2 and best in found else {}

    def _passages(self, index: Index, number: int, words: list[str]) -> list[Passage]:
        return [self._passage(index.topics[number], section) for section in index.sections(number, words)]

    def _passage(self, topic: Topic, section: Section) -> Passage:
        return Passage(topic, section, topic.validity(self.today()))

    def _index(self, language: str) -> Index:
        language = language if language in self._library.languages else self._library.languages[0]
        if language not in self._indexes:
            with self._preparing:
                if language not in self._indexes:
                    self._indexes[language] = self._opened(language)
        return self._indexes[language]

    def _opened(self, language: str) -> Index:
        topics, off_topic = self._library.topics(language), self._library.off_topic(language)
        learning = partial(learn, topics, off_topic, wording(language), french=language == "fr")
        return Index(topics, self._kept.learned(language, learning) if self._kept else learning(), language)

    def _verdict(self, index: Index, weighed: Weighed) -> Verdict:
        words, evidence = weighed.words, weighed.evidence
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
        if len(words) == 1 and not (evidence.lead >= _LEAD_OF_ONE_WORD and index.is_named(weighed.order[0], words)):
            return "unsure"
        return "close" if evidence.lead < self._calibration.close_below else "sure"


def _stands_in(passage: Passage, answers: Sequence[Passage]) -> bool:
    return any(passage.section is answer.section for answer in answers)
