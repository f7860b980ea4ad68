"""One language of the library, made ready for search: vocabulary, classifier, and the words of each section."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from okichat.knowledge.library import Section, Topic
from okichat.knowledge.ranking import Ranking, Sample
from okichat.knowledge.spelling import Spelling
from okichat.knowledge.words import fold, wording
from okichat.language import LANGUAGES

_SECTION_WEIGHT = 0.3  # of a word in a section, next to a word in an example
_HEADING_WEIGHT = 3.0


class Index:
    """Knows the words of the topics of one language. Built in well under a tenth of a second, read by any thread."""

    def __init__(self, topics: Sequence[Topic], off_topic: Sequence[str], language: str) -> None:
        self.topics = tuple(topics)
        self._wording = wording(language)
        self._injection_patterns = [pattern for name in LANGUAGES for pattern in wording(name).injection_patterns]
        samples = []
        counts: Counter[str] = Counter()
        self._section_words: list[list[Counter[str]]] = []
        for number, topic in enumerate(self.topics):
            headings = tuple(part.heading for part in topic.sections if part.heading)
            for text in (*topic.questions, *topic.synonyms, topic.title, *headings):
                words = self._wording.words(text)
                counts.update(words)
                samples.append(Sample(self._wording.features(words), number))
            self._section_words.append([])
            for section in topic.sections:
                words = self._wording.words(section.text)
                counts.update(words)
                stems = Counter(map(self._wording.stem, words))
                samples.append(Sample(tuple(stems), number, _SECTION_WEIGHT))
                for word in self._wording.features(self._wording.words(section.heading or topic.title)):
                    stems[word] += 3
                self._section_words[-1].append(stems)
        for label, texts in enumerate((off_topic, self._wording.injections), len(self.topics)):
            for text in texts:
                words = self._wording.words(text)
                counts.update(words)
                samples.append(Sample(self._wording.features(words), label))
        self._ranking = Ranking(samples, len(self.topics) + 2)
        vocabulary = sorted(counts, key=lambda word: (-counts[word], word))
        self._spelling = Spelling([*vocabulary, *sorted(self._wording.known - counts.keys())], language == "fr")
        everywhere = Counter(stem for sections in self._section_words for stems in sections for stem in stems)
        total = sum(map(len, self._section_words))
        self._rarity = {stem: math.log(1 + total / count) for stem, count in everywhere.items()}

    def words(self, text: str) -> list[str]:
        """The words of a question, with slips mended towards what the topics say."""
        mended: list[str] = []
        for word in self._wording.words(text):
            if self._ranking.knows(self._wording.stem(word)):
                mended.append(word)
            else:
                mended += self._spelling.mend(word)
        return mended

    def scores(self, words: list[str]) -> list[float]:
        """One number for each topic, then one for off-topic questions and one for injections."""
        return self._ranking.scores(self._wording.features(words))

    def knows(self, word: str) -> bool:
        """Whether any topic or example has that word."""
        return self._ranking.knows(self._wording.stem(word))

    def is_injection(self, text: str) -> bool:
        """Whether the text tries to give the assistant orders instead of asking the firm."""
        folded = re.sub(r"\s+", " ", fold(text))
        return any(pattern.search(folded) for pattern in self._injection_patterns)

    def sections(self, number: int, words: list[str]) -> list[tuple[Section, float]]:
        """The sections of a topic, best first, with how well their words match."""
        asked = set(self._wording.features(words))
        scored = []
        for section, stems in zip(self.topics[number].sections, self._section_words[number], strict=True):
            size = 1.2 * (0.5 + 0.5 * sum(stems.values()) / 100)
            score = sum(
                self._rarity[stem] * stems[stem] * 2.2 / (stems[stem] + size) for stem in asked if stem in stems
            )
            scored.append((section, score))
        return sorted(scored, key=lambda found: -found[1])
