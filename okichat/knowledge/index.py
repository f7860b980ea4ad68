"""One language of the library, made ready for search: vocabulary, classifier, and the words of each section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from okichat.knowledge.learning import Learned
from okichat.knowledge.topic_file import Section, Topic
from okichat.knowledge.words import wording

_TELLING_STEM_CHARS = 5
_BM25_K1 = 1.2  # Robertson's usual value; his b is 0.5
_USUAL_SECTION_WORDS = 100
_LEAD_AHEAD = 2.0


class Index:
    """Knows the words of the topics of one language. Read by any thread."""

    def __init__(self, topics: Sequence[Topic], learned: Learned, language: str) -> None:
        """`learned` from these topics."""
        self.topics = tuple(topics)
        self._wording = wording(language)
        self._ranking = learned.ranking
        self._spelling = learned.spelling
        self._section_words = learned.section_words
        self._rarity = learned.rarity
        self._naming = learned.naming
        self._names = learned.names
        self._titles = [frozenset(self._wording.features(self._wording.words(topic.title))) for topic in self.topics]
        self._offers = {
            self._plain(topic.offer(section)): (number, section)
            for number, topic in enumerate(self.topics)
            for section in topic.sections
        }
        self._examples = {
            self._plain(text): number for number, topic in enumerate(self.topics) for text in topic.questions
        }

    def _plain(self, text: str) -> str:
        return " ".join(self._wording.words(text))

    def offered(self, text: str) -> tuple[int, Section] | None:
        """The topic and section whose button says just that; None for any other text."""
        return self._offers.get(self._plain(text))

    def exemplified(self, text: str) -> int | None:
        """The topic that has this question among its examples; None for any other text."""
        return self._examples.get(self._plain(text))

    def words(self, text: str) -> list[str]:
        """The words of a question, with slips mended towards what the topics say."""
        mended: list[str] = []
        for word in self._wording.words(text):
            stem = self._wording.stem(word)  # a short one may be that of another word
            is_known = len(stem) >= _TELLING_STEM_CHARS and self._ranking.knows(stem)
            mended += [word] if is_known else self._spelling.mend(word)
        return mended

    def is_named(self, number: int, words: list[str]) -> bool:
        """Whether these words hold one of the topic's title or synonyms."""
        return not self._names[number].isdisjoint(self._wording.features(words))

    def scores(self, words: list[str]) -> list[float]:
        """One number for each topic, then one for off-topic questions and one for attempts to misuse the assistant."""
        return self._ranking.scores(self._wording.features(words))

    def knows(self, word: str) -> bool:
        """Whether any topic or example has that word."""
        return self._ranking.knows(self._wording.stem(word))

    def sections(self, number: int, words: list[str]) -> list[Section]:
        """The sections of a topic, best first.

        The lead answers, unless another section has clearly more of what the question asks beside the topic itself."""
        title = self._titles[number]
        asked = {
            feature
            for feature in self._wording.features(words)
            if feature not in self._naming[number] and title.isdisjoint(feature.split())
        }
        parts = self.topics[number].sections
        scored = [
            (section, self._match(stems, asked))
            for section, stems in zip(parts, self._section_words[number], strict=True)
        ]
        lead = (parts[0], scored[0][1] + _LEAD_AHEAD)
        return [section for section, _ in sorted([lead, *scored[1:]], key=lambda found: -found[1])]

    def _match(self, stems: Counter[str], asked: set[str]) -> float:
        """Robertson's BM25 of a section for the features asked about."""
        size = _BM25_K1 * (0.5 + 0.5 * sum(stems.values()) / _USUAL_SECTION_WORDS)
        found = (stem for stem in asked if stem in stems)
        return sum(self._rarity[stem] * stems[stem] * (_BM25_K1 + 1) / (stems[stem] + size) for stem in found)
