"""The model's text while it grows: what may be shown of it already, and whether it is good at the end."""

from __future__ import annotations

import re

from okichat.knowledge.library import Topic
from okichat.knowledge.search import Findings
from okichat.question import Question
from okichat.sources.completion import Chunk
from okichat.sources.paid_call import ModelFault
from okichat.sources.prompt import OFF_TOPIC_MARKER

_COMPLETE = ("stop", "length")
_MOST_CHARS_PER_TOKEN = 16  # several times what any language needs: more is a server that ignores the cap
# How much of an answer must stand in a topic for the topic to be named as its source.
_LEAST_SHARE = 0.4


class Draft:
    """Collects chunks. Holds back the first characters until they cannot be the off-topic marker."""

    def __init__(self, question: Question, findings: Findings, max_output_tokens: int) -> None:
        self._question = question
        self._findings = findings
        self._most_chars = max_output_tokens * _MOST_CHARS_PER_TOKEN
        self._raw = ""
        self._shown = 0
        self._finish_reason: str | None = None
        self.off_topic = False

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
        """Take a chunk in; gives the text that may be shown now. Raises ModelFault for a refusal or text without end."""
        self._finish_reason = chunk.finish_reason or self._finish_reason
        if chunk.refused or self._finish_reason == "content_filter":
            raise ModelFault("filtered", "refused by the model", unbilled=False)
        self._raw += chunk.text
        if len(self._raw) > self._most_chars:
            raise ModelFault("protocol", "longer than asked for", unbilled=False)
        begin = self._raw.lstrip()
        if OFF_TOPIC_MARKER.startswith(begin[: len(OFF_TOPIC_MARKER)]):
            self.off_topic = begin.startswith(OFF_TOPIC_MARKER)
            return ""
        new, self._shown = self._raw[self._shown :], len(self._raw)
        return new

    def topics(self) -> tuple[Topic, ...]:
        """The topics the text stands on: those found, or, where the search was not sure, those whose words it uses."""
        if self._findings.verdict in ("sure", "close"):
            return self._findings.topics
        said = _telling_words(self.text)
        return tuple(topic for topic in self._findings.topics if _share(said, topic.text) >= _LEAST_SHARE)

    def finish(self) -> None:
        """Check that the text is whole. Raises ModelFault: a stream may end without an error and still be cut."""
        if self._finish_reason not in _COMPLETE:
            raise ModelFault("protocol", "no finish reason", unbilled=False)
        if not self._raw.strip():
            raise ModelFault("protocol", "no text", unbilled=False)


def _telling_words(text: str) -> set[str]:
    """Words long enough to mean something, without their endings."""
    return {word[:6] for word in re.findall(r"[^\W\d_]{5,}", text.lower())}


def _share(said: set[str], source: str) -> float:
    return len(said & _telling_words(source)) / len(said) if said else 0.0
