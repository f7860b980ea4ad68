"""GPT and the knowledge base side by side: where they would tell the same visitor different things."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from okichat.answer import Answer, last_answer
from okichat.errors import SourceUnavailable
from okichat.guard.grounding import Grounds
from okichat.knowledge.library import Library
from okichat.knowledge.search import Search
from okichat.knowledge.words import wording
from okichat.money.estimate import likely_tokens
from okichat.money.forecast import ASSUMED_ANSWER_TOKENS
from okichat.money.prices import Price
from okichat.money.reservation import BudgetSpent, LedgerUnavailable, PriceUnknown
from okichat.question import Question
from okichat.sources.breaker import ModelPaused
from okichat.sources.prompt import Prompt
from okichat.sources.source import AnswerSource
from okichat.sources.unasked import SwitchedOff

_ENDS_IT = (
    BudgetSpent,
    PriceUnknown,
    LedgerUnavailable,
    SwitchedOff,
    ModelPaused,
)  # the next question would fare no better
_LEAST_COMMON = 0.15  # of the shorter answer's telling words
_TELLING_CHARS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One question, what each of the two says, and in what they differ; a `gpt` or `local` of None has not answered."""

    question: Question
    topic: str
    gpt: Answer | None
    local: Answer | None
    why_not: str
    differences: tuple[str, ...]


class CannotAsk(Exception):
    """No further question can be put to GPT: the word says why."""


def example_questions(
    library: Library, languages: Iterable[str], most_a_topic: int | None
) -> list[tuple[str, Question]]:
    """The example questions with their topics: all of them, or so many of each topic, always the same ones."""
    found = []
    for language in languages:
        for topic in library.topics(language):
            asked = list(topic.questions)
            if most_a_topic is not None and len(asked) > most_a_topic:
                asked = random.Random(topic.slug).sample(asked, most_a_topic)
            found += [(topic.slug, Question(text, language)) for text in asked]
    return found


def likely_cost_usd(questions: Sequence[tuple[str, Question]], search: Search, prompt: Prompt, price: Price) -> float:
    """What asking GPT all of them will probably cost, from the real prompts."""
    tokens = 0
    for _, question in questions:
        findings = search.find(question)
        if findings.verdict != "outside":
            tokens += likely_tokens(prompt.messages(question, findings.passages))
    return (tokens * price.input_usd + len(questions) * ASSUMED_ANSWER_TOKENS * price.output_usd) / 1_000_000


class Parity:
    """Asks both. GPT is asked through the budget, like for a visitor, but never from the cache."""

    def __init__(self, search: Search, gpt: AnswerSource, local: AnswerSource) -> None:
        self._search = search
        self._gpt = gpt
        self._local = local

    def pair(self, topic: str, question: Question) -> Pair:
        """Both answers to one question. Raises CannotAsk when GPT can be asked no more."""
        fresh = replace(question, id=Question(question.text).id)
        findings = self._search.find(fresh)
        gpt: Answer | None = None
        local: Answer | None = None
        why_not = ""
        try:
            gpt = last_answer(self._gpt.answer(fresh, findings))
        except SourceUnavailable as unavailable:
            why_not = unavailable.reason
            if isinstance(unavailable, _ENDS_IT):
                raise CannotAsk(why_not) from unavailable
        try:
            local = last_answer(self._local.answer(fresh, findings))
        except SourceUnavailable as unavailable:
            why_not = why_not or unavailable.reason
        return Pair(fresh, topic, gpt, local, why_not, _differences(fresh, gpt, local, why_not))


def _differences(question: Question, gpt: Answer | None, local: Answer | None, why_not: str) -> tuple[str, ...]:
    answered = [answer for answer in (gpt, local) if answer and answer.answered_by != "handoff"]
    if len(answered) < 2:
        if not answered:
            return ()
        return (f"only {'GPT' if answered[0] is gpt else 'the knowledge base'} answers ({why_not or 'off topic'})",)
    assert gpt is not None
    assert local is not None
    found = []
    if gpt.topics and local.topics and gpt.topics[0] not in local.topics:
        found.append(f"topics: {gpt.topics[0]}, {local.topics[0]}")
    if invented := Grounds([local.text, question.text]).ungrounded(gpt.text):
        found.append(f"GPT also says {', '.join(invented)}")
    if omitted := Grounds([gpt.text, question.text]).ungrounded(local.text):
        found.append(f"GPT does not say {', '.join(omitted)}")
    if (common := _common(question.language, gpt.text, local.text)) < _LEAST_COMMON:
        found.append(f"only {common:.0%} of the words in common")
    return tuple(found)


def _common(language: str, first: str, second: str) -> float:
    spoken = wording(language)
    words = [
        {spoken.stem(word) for word in spoken.words(re.sub(r"[*|#_-]", " ", text)) if len(word) >= _TELLING_CHARS}
        for text in (first, second)
    ]
    return len(words[0] & words[1]) / (min(map(len, words)) or 1)
