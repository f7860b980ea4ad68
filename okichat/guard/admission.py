"""The door: what is let in, and in which form it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from okichat.guard.injection import Misuse, misuse
from okichat.guard.redaction import redact
from okichat.guard.spam import Streams
from okichat.question import Question
from okichat.recall import Recall

INJECTION, OTHER_WORK, PERSONAL_DATA = "injection", "other_work", "personal_data"


def _nothing_before(_question: Question) -> str:
    return ""


class Guard:
    """Looks at every question before anything else does."""

    def __init__(
        self, streams: Streams | None = None, earlier_words: Callable[[Question], str] = _nothing_before
    ) -> None:
        """`streams` remembers what visitors sent lately; None: each question is judged alone.

        `earlier_words` gives what was said before in the conversation: its placeholders stand for other numbers."""
        self._misuses: Recall[Misuse | None] = Recall()
        self._streams = streams
        self._earlier_words = earlier_words

    def admit(self, asked: Question) -> Question:
        """The question with placeholders for personal data; nothing behind the door sees the data itself. Raises Refusal."""
        question, flags = self._without_personal_data(asked)
        if found := self._misuses.of(asked.text, lambda: misuse(asked.text)):
            question = replace(question, is_misuse=True)
            flags += (INJECTION if found == "orders" else OTHER_WORK,)
        if self._streams and (signs := self._streams.signs(question)):
            question = replace(question, suspicious=True)
            flags += signs
        return replace(question, flags=flags) if flags else question

    def _without_personal_data(self, asked: Question) -> tuple[Question, tuple[str, ...]]:
        redacted = redact(asked.text)
        if not redacted.personal:
            return asked, ()
        if asked.continues and (earlier := self._earlier_words(asked)):
            redacted = redact(asked.text, earlier)
        return asked.without_personal_data(redacted.text, redacted.personal), (PERSONAL_DATA,)
