"""A visitor's question: cleaned text, its language, what came before it, and what is refused and why."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field, replace

from okichat.errors import EmptyQuestion, MalformedQuestion, QuestionTooLong
from okichat.language import LANGUAGES, detect_language

MAX_QUESTION_CHARS = 500


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier question of the conversation and the answer it got (Markdown)."""

    question: str
    answer: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    text          cleaned, never empty, at most 500 characters
    language      "fr" or "en", of this text; the answer is in the same
    conversation  the random reference of the conversation it belongs to; a first question begins a new one
    continues     whether the client sent that reference, so that there may be a history
    history       the exchanges before it, oldest first
    request_key   the same for every repetition of one submission (double click, reload), None where the client sends none
    personal      placeholder and original of the personal data that was taken out of the text; never stored, sent or logged
    id            random, names this question in the store, the ledger and the page
    """

    text: str
    language: str = LANGUAGES[0]
    conversation: str = ""
    continues: bool = False
    history: tuple[Exchange, ...] = ()
    request_key: str | None = None
    personal: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def from_text(
        cls, text: object, *, locale: str = LANGUAGES[0], conversation: str | None = None, request_key: str | None = None
    ) -> Question:
        """Clean what a visitor typed. `locale` decides the language where the text itself does not.

        Raises EmptyQuestion, QuestionTooLong, or MalformedQuestion for what is no text."""
        if not isinstance(text, str) or not is_encodable(text):
            raise MalformedQuestion
        cleaned = clean_text(text)
        if not cleaned:
            raise EmptyQuestion
        if len(cleaned) > MAX_QUESTION_CHARS:
            raise QuestionTooLong
        language = detect_language(cleaned, locale)
        reference = conversation or secrets.token_hex(16)
        return cls(cleaned, language, reference, continues=conversation is not None, request_key=request_key)

    def with_history(self, history: tuple[Exchange, ...]) -> Question:
        """The same question, with what came before it."""
        return replace(self, history=history)

    def without_personal_data(self, text: str, personal: tuple[tuple[str, str], ...]) -> Question:
        """The same question in the words `text`, in which placeholders stand for personal data."""
        return replace(self, text=text, personal=personal)


def is_encodable(text: str) -> bool:
    """No NUL, which Postgres cannot store, and no lone surrogate, which UTF-8 cannot carry."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def clean_text(text: str) -> str:
    """Canonical Unicode without control and invisible direction characters; line breaks stay, runs of blanks become one."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    visible = "".join(c for c in composed if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf") or c == "\u200d")
    lines = (" ".join(line.split()) for line in visible.split("\n"))
    return "\n".join(lines).strip()
