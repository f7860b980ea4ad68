"""What the topics of one language teach: which words speak for which topic. Takes some tenths of a second, and can be kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from okichat.knowledge.ranking import Ranking, Sample
from okichat.knowledge.spelling import Spelling
from okichat.knowledge.topic_file import Section, Topic
from okichat.knowledge.words import Wording

_SECTION_WEIGHT = 0.3  # of a word in a section, next to a word in an example
_HEADING_WEIGHT = 3  # so many times a word in the text
_CONCEPT_WEIGHT = 0.4  # of the word that stands for it
_OFTEN = 0.12  # of a topic's examples
_IN_ANY = 0.6  # of the topics


class Learned(NamedTuple):
    """The same topics always teach the same, to the last digit.

    section_words   for each topic the features of each of its sections
    rarity          what a feature of the sections tells apart: much when few sections have it
    naming          for each topic what speaks for none of its sections: its name, what many of its examples say, function words
    names           for each topic the features of its title and synonyms
    """

    ranking: Ranking
    spelling: Spelling
    section_words: list[list[Counter[str]]]
    rarity: dict[str, float]
    naming: list[frozenset[str]]
    names: list[frozenset[str]]

    def plain(self) -> dict[str, Any]:
        """All of it in values that JSON has."""
        return {
            "ranking": self.ranking.plain(),
            "spelling": self.spelling.plain(),
            "section_words": self.section_words,
            "rarity": self.rarity,
            "naming": [sorted(features) for features in self.naming],
            "names": [sorted(features) for features in self.names],
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Learned:
        """What `plain` was made of."""
        return cls(
            Ranking.from_plain(plain["ranking"]),
            Spelling.from_plain(plain["spelling"]),
            [[Counter(words) for words in sections] for sections in plain["section_words"]],
            plain["rarity"],
            [frozenset(features) for features in plain["naming"]],
            [frozenset(features) for features in plain["names"]],
        )


def learn(topics: Sequence[Topic], off_topic: Sequence[str], words: Wording, *, french: bool) -> Learned:
    """Read the topics, and the questions that belong to none of them."""
    return _Learning(topics, off_topic, words).learned(french)


class _Learning:
    def __init__(self, topics: Sequence[Topic], off_topic: Sequence[str], words: Wording) -> None:
        self._topics = topics
        self._wording = words
        self._counts: Counter[str] = Counter()
        self._samples: list[Sample] = []
        self._said: list[list[Sequence[str]]] = []  # for each topic the features of its examples
        for number, topic in enumerate(topics):
            headings = tuple(part.heading for part in topic.sections if part.heading)
            examples = [self._sample(text, number) for text in topic.questions]
            self._said.append([sample.features for sample in examples])
            self._samples += examples
            self._samples += [self._sample(text, number) for text in (*topic.synonyms, topic.title, *headings)]
            for section in topic.sections:
                stems = tuple(words.stem(word) for word in self._counted(section.text))
                self._samples.append(Sample(stems, number, _SECTION_WEIGHT))
        self._samples += [self._sample(text, len(topics)) for text in off_topic]
        self._samples += [self._sample(text, len(topics) + 1) for text in words.misuses]

    def learned(self, french: bool) -> Learned:
        ranking = Ranking(self._samples, len(self._topics) + 2, len(self._topics))
        most_frequent_first = sorted(self._counts, key=lambda word: (-self._counts[word], word))
        from_lexicon = sorted(self._wording.known - self._counts.keys())
        spelling = Spelling([*most_frequent_first, *from_lexicon], french)
        section_words = [[self._words_of(section, topic) for section in topic.sections] for topic in self._topics]
        counts = [Counter(chain.from_iterable(map(set, features))) for features in self._said]
        function_words = self._function_words(counts)
        names = [self._features_of((topic.title, *topic.synonyms)) - function_words for topic in self._topics]
        naming = self._naming_features(counts, function_words)
        return Learned(ranking, spelling, section_words, _rarities(section_words), naming, names)

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

    def _function_words(self, said: Sequence[Counter[str]]) -> frozenset[str]:
        topics_that_say = Counter(chain.from_iterable(said))
        frequent = (feature for feature, count in topics_that_say.items() if count > _IN_ANY * len(self._topics))
        return frozenset(feature for feature in frequent if not feature.startswith("@"))

    def _naming_features(self, said: Sequence[Counter[str]], function_words: frozenset[str]) -> list[frozenset[str]]:
        return [
            function_words.union(
                self._features_of((topic.title,)),
                (feature for feature, count in counts.items() if count >= _OFTEN * len(topic.questions)),
            )
            for topic, counts in zip(self._topics, said, strict=True)
        ]

    def _features_of(self, texts: Iterable[str]) -> frozenset[str]:
        return frozenset(chain.from_iterable(self._wording.features(self._wording.words(text)) for text in texts))


def _rarities(section_words: list[list[Counter[str]]]) -> dict[str, float]:
    everywhere = Counter(stem for sections in section_words for stems in sections for stem in stems)
    total = sum(map(len, section_words))
    return {
        stem: math.log(1 + total / count) * (_CONCEPT_WEIGHT if stem.startswith("@") else 1.0)
        for stem, count in everywhere.items()
    }
