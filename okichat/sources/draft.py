"""The model's text while it grows: what may be shown of it already, and whether it is good at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from okichat.answer import Answer, Usage
from okichat.errors import SourceUnavailable
from okichat.guard.grounding import Grounds
from okichat.guard.output import leaks_prompt
from okichat.knowledge.findings import Findings
from okichat.knowledge.topic_file import Topic
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.sources.completion import Chunk
from okichat.sources.faults import ModelFault
from okichat.sources.local import cite
from okichat.sources.prompt import OFF_TOPIC_MARKER, Message

_COMPLETE = ("stop", "length")
_MOST_CHARS_PER_TOKEN = 16  # several times what any language needs: more is a server that ignores the cap
_BLOCK_END = "\n\n"
# How much of an answer must stand in a topic for the topic to be named as its source.
_LEAST_SHARE = 0.4


class TextDropped(SourceUnavailable):
    """The model's text may not be shown: it states a fact that it was not given, or gives the prompt away."""

    notice = "ungrounded"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Checks:
    """What a text is held against. `grounds` is None where the operator has switched that off."""

    grounds: Grounds | None
    canary: str
    rules: str
    max_output_tokens: int

    @classmethod
    def of(cls, messages: Sequence[Message], canary: str, max_output_tokens: int, *, grounded: bool) -> Checks:
        """The checks of an answer to `messages`, of which the first holds the rules and the others what may be said."""
        grounds = Grounds(message["content"] for message in messages[1:]) if grounded else None
        return cls(grounds, canary, messages[0]["content"], max_output_tokens)


class Draft:
    """Collects chunks. Holds back the first characters until they cannot be the off-topic marker."""

    def __init__(self, question: Question, findings: Findings, checks: Checks, sentences: Sentences) -> None:
        self._question = question
        self._findings = findings
        self._checks = checks
        self._sentences = sentences
        self._raw = ""
        self._shown = 0
        self._checked = 0
        self._finish_reason: str | None = None
        self._off_topic = False

    @property
    def begun(self) -> bool:
        """Whether the visitor has seen any of it."""
        return self._shown > 0

    @property
    def text(self) -> str:
        """The whole text; one that was cut at the output cap ends with an ellipsis."""
        whole = self._raw.strip()
        return f"{whole}…" if self._finish_reason == "length" else whole

    def add(self, chunk: Chunk) -> str:
        """Take a chunk in; gives the text that may be shown now.

        Raises ModelFault for a refusal or text without end, TextDropped for a finished block that may not be shown."""
        self._finish_reason = chunk.finish_reason or self._finish_reason
        if chunk.refused or self._finish_reason == "content_filter":
            raise ModelFault("filtered", "refused by the model", unbilled=False)
        self._raw += chunk.text
        if len(self._raw) > self._checks.max_output_tokens * _MOST_CHARS_PER_TOKEN:
            raise ModelFault("protocol", "longer than asked for", unbilled=False)
        begin = self._raw.lstrip()
        if OFF_TOPIC_MARKER.startswith(begin[: len(OFF_TOPIC_MARKER)]):
            self._off_topic = begin.startswith(OFF_TOPIC_MARKER)
            return ""
        end_of_blocks = self._raw.rfind(_BLOCK_END)
        if end_of_blocks > self._checked:
            self._check(self._raw[:end_of_blocks])
            self._checked = end_of_blocks
        new, self._shown = self._raw[self._shown :], len(self._raw)
        return new

    def finish(self) -> None:
        """Check that the text is whole and may be shown: a stream may end without an error and still be cut.

        Raises ModelFault or TextDropped."""
        if self._finish_reason not in _COMPLETE:
            raise ModelFault("protocol", "no finish reason", unbilled=False)
        if not self._raw.strip():
            raise ModelFault("protocol", "no text", unbilled=False)
        self._check(self._raw)

    def answer(self, name: str, usage: Usage | None) -> Answer:
        """The finished answer of the source `name`; the hand-off where the model found the question out of field."""
        confidence = self._findings.confidence
        if self._off_topic:
            text = self._sentences(self._question.language)("handoff.outside")
            return Answer(text, "handoff", confidence=confidence, usage=usage)
        return Answer(self.text, name, cite(self._topics()), confidence=confidence, usage=usage)

    def _check(self, text: str) -> None:
        if leaks_prompt(text, self._checks.canary, self._checks.rules):
            raise TextDropped("prompt_leak")
        if self._checks.grounds is not None and self._checks.grounds.ungrounded(text):
            raise TextDropped("ungrounded")

    def _topics(self) -> tuple[Topic, ...]:
        """The topics the text stands on: those found, or, where the search was not sure, those whose words it uses."""
        if self._findings.verdict in ("sure", "close"):
            return self._findings.topics
        said = _telling_words(self.text)
        return tuple(topic for topic in self._findings.topics if _share(said, topic.text) >= _LEAST_SHARE)


def _telling_words(text: str) -> set[str]:
    """Words long enough to mean something, without their endings."""
    return {word[:6] for word in re.findall(r"[^\W\d_]{5,}", text.lower())}


def _share(said: set[str], source: str) -> float:
    return len(said & _telling_words(source)) / len(said) if said else 0.0
