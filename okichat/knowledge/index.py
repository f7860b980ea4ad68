"""One language of the library, made ready for search: vocabulary, classifier, and the words of each section."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from okichat.knowledge.library import Section, Topic
from okichat.knowledge.ranking import Ranking, Sample
from okichat.knowledge.spelling import Spelling
from okichat.knowledge.words import fold, wording
from okichat.language import LANGUAGES

_SECTION_WEIGHT = 0.3  # of a word in a section, next to a word in an example
_HEADING_WEIGHT = 3  # so many times a word in the text
_CONCEPT_WEIGHT = 0.4  # of the word that stands for it
_TELLING_STEM_CHARS = 5
_BM25_K1 = 1.2  # Robertson's usual value; his b is 0.5
_USUAL_SECTION_WORDS = 100
_OFTEN = 0.12  # of a topic's examples
_IN_ANY = 0.6  # of the topics
_LEAD_AHEAD = 2.0


class Index:
    """Knows the words of the topics of one language. Built in some tenths of a second, read by any thread."""

    def __init__(self, topics: Sequence[Topic], off_topic: Sequence[str], language: str) -> None:
        self.topics = tuple(topics)
        self._wording = wording(language)
        self._injection_patterns = [pattern for name in LANGUAGES for pattern in wording(name).injection_patterns]
        self._counts: Counter[str] = Counter()
        samples = []
        said = []  # for each topic the features of its examples
        for number, topic in enumerate(self.topics):
            headings = tuple(part.heading for part in topic.sections if part.heading)
            examples = [self._sample(text, number) for text in topic.questions]
            said.append([sample.features for sample in examples])
            samples += examples
            samples += [self._sample(text, number) for text in (*topic.synonyms, topic.title, *headings)]
            for section in topic.sections:
                stems = tuple(self._wording.stem(word) for word in self._counted(section.text))
                samples.append(Sample(stems, number, _SECTION_WEIGHT))
        samples += [self._sample(text, len(self.topics)) for text in off_topic]
        samples += [self._sample(text, len(self.topics) + 1) for text in self._wording.injections]
        self._ranking = Ranking(samples, len(self.topics) + 2, len(self.topics))
        most_frequent_first = sorted(self._counts, key=lambda word: (-self._counts[word], word))
        from_lexicon = sorted(self._wording.known - self._counts.keys())
        self._spelling = Spelling([*most_frequent_first, *from_lexicon], language == "fr")
        self._section_words = [[self._words_of(section, topic) for section in topic.sections] for topic in self.topics]
        self._rarity = self._rarities()
        counts = [Counter(chain.from_iterable(map(set, features))) for features in said]
        function_words = self._function_words(counts)
        self._titles = [self._features_of((topic.title,)) for topic in self.topics]
        self._naming = self._naming_features(counts, function_words)
        self._names = [self._features_of((t.title, *t.synonyms)) - function_words for t in self.topics]
        self._offers = {
            self._plain(topic.offer(section)): (number, section)
            for number, topic in enumerate(self.topics)
            for section in topic.sections
        }

    def _counted(self, text: str) -> list[str]:
        words = self._wording.words(text)
        self._counts.update(words)
        return words

    def _sample(self, text: str, label: int) -> Sample:
        return Sample(self._wording.features(self._counted(text)), label)

    def _words_of(self, section: Section, topic: Topic) -> Counter[str]:
        stems = Counter(self._wording.stem(word) for word in self._wording.words(section.text))
        for feature in self._wording.features(self._wording.words(section.heading or topic.title)):
            stems[feature] += _HEADING_WEIGHT
        return stems

    def _rarities(self) -> dict[str, float]:
        """What a feature tells apart: much when few sections have it."""
        everywhere = Counter(stem for sections in self._section_words for stems in sections for stem in stems)
        total = sum(map(len, self._section_words))
        return {
            stem: math.log(1 + total / count) * (_CONCEPT_WEIGHT if stem.startswith("@") else 1.0)
            for stem, count in everywhere.items()
        }

    def _function_words(self, said: Sequence[Counter[str]]) -> frozenset[str]:
        topics_that_say = Counter(chain.from_iterable(said))
        frequent = (feature for feature, count in topics_that_say.items() if count > _IN_ANY * len(self.topics))
        return frozenset(feature for feature in frequent if not feature.startswith("@"))

    def _naming_features(self, said: Sequence[Counter[str]], function_words: frozenset[str]) -> list[frozenset[str]]:
        """For each topic what speaks for none of its sections: its name, what many of its examples say, and function words."""
        return [
            function_words.union(
                title,
                (feature for feature, count in counts.items() if count >= _OFTEN * len(topic.questions)),
            )
            for topic, title, counts in zip(self.topics, self._titles, said, strict=True)
        ]

    def _features_of(self, texts: Iterable[str]) -> frozenset[str]:
        return frozenset(chain.from_iterable(self._wording.features(self._wording.words(text)) for text in texts))

    def _plain(self, text: str) -> str:
        return " ".join(self._wording.words(text))

    def offered(self, text: str) -> tuple[int, Section] | None:
        """The topic and section whose button says just that; None for any other text."""
        return self._offers.get(self._plain(text))

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
        """The sections of a topic, best first, with how well their words match.

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
        return sorted([lead, *scored[1:]], key=lambda found: -found[1])

    def _match(self, stems: Counter[str], asked: set[str]) -> float:
        """Robertson's BM25 of a section for the features asked about."""
        size = _BM25_K1 * (0.5 + 0.5 * sum(stems.values()) / _USUAL_SECTION_WORDS)
        found = (stem for stem in asked if stem in stems)
        return sum(self._rarity[stem] * stems[stem] * (_BM25_K1 + 1) / (stems[stem] + size) for stem in found)
