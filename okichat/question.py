"""A visitor's question: cleaned text, its language, what came before it, and what is refused and why."""

from __future__ import annotations

import hashlib
import secrets
import time
import unicodedata
from dataclasses import dataclass, field, replace

from okichat.errors import EmptyQuestion, MalformedQuestion, QuestionTooLong
from okichat.language import LANGUAGES, detect_language

MAX_QUESTION_CHARS = 500


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier question of the conversation and the answer it got (Markdown), with the notice of a degraded mode if any."""

    question: str
    answer: str
    topics: tuple[str, ...] = ()
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    text          cleaned, never empty, at most 500 characters
    language      "fr" or "en", of this text; the answer is in the same
    conversation  the random reference of the conversation it belongs to; a first question begins a new one
    continues     whether the client sent that reference, so that there may be a history
    history       the last exchanges before it, oldest first
    gpt_answers   how many questions of its conversation GPT has answered
    waited_s      how long the visitor has waited before the sources are asked; it is taken from the deadline
    is_misuse     whether it commands the assistant, or wants other work of it, instead of asking the firm: no source but
                  a human answers that
    trapped       whether the form's field that people neither see nor hear was filled in
    suspicious    whether it looks like spam: it is answered, but no money is spent on it
    visitor       the anonymous name of who asks (guard/visitors.py); empty where nobody asks from afar, as on the command line
    flags         what the guard noticed about it, as stable words, for the owner's eyes
    comes_first   whether it is known to repeat no submission, so that nobody need look for an earlier one
    personal      placeholder and original of the personal data that was taken out of the text; never stored, sent or logged
    arrived_s     when it came, on the clock of time.monotonic: from here on its visitor waits
    id            names this question in the store, the ledger and the page; the same for every repetition of one submission
    """

    text: str
    language: str = LANGUAGES[0]
    conversation: str = ""
    continues: bool = False
    history: tuple[Exchange, ...] = ()
    gpt_answers: int = 0
    waited_s: float = 0.0
    is_misuse: bool = False
    trapped: bool = False
    suspicious: bool = False
    visitor: str = ""
    flags: tuple[str, ...] = ()
    comes_first: bool = False
    personal: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    arrived_s: float = field(default_factory=time.monotonic, compare=False, repr=False)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def from_text(
        cls,
        text: object,
        *,
        locale: str = LANGUAGES[0],
        conversation: str | None = None,
        request_key: str | None = None,
        comes_first: bool = False,
        visitor: str = "",
        trapped: bool = False,
    ) -> Question:
        """Clean what a visitor typed. `locale` decides the language where the text itself does not.

        `request_key` is the same for every repetition of one submission (double click, reload). A browser keeps a form's
        key when its visitor goes back and asks something else, so the words belong to it.
        `comes_first`: it is known to come for the first time, as a submission without a key does.

        Raises EmptyQuestion, QuestionTooLong, or MalformedQuestion for what is no text."""
        if not isinstance(text, str) or not is_encodable(text):
            raise MalformedQuestion
        cleaned = clean_text(text)
        if not cleaned:
            raise EmptyQuestion
        # A form sends two characters for the line break that the browser, and its visitor, count as one.
        if len(text.replace("\r\n", "\n")) > MAX_QUESTION_CHARS:
            raise QuestionTooLong
        submission = (
            hashlib.sha256(f"{request_key}\n{cleaned}".encode()).hexdigest() if request_key else secrets.token_hex(32)
        )
        return cls(
            cleaned,
            detect_language(cleaned, locale),
            conversation or submission[:32],
            continues=conversation is not None,
            id=submission[32:48],
            visitor=visitor,
            comes_first=comes_first or not request_key,
            trapped=trapped,
        )

    def with_history(self, history: tuple[Exchange, ...], gpt_answers: int) -> Question:
        """The same question, with what came before it."""
        return replace(self, history=history, gpt_answers=gpt_answers)

    def after_waiting(self, waited_s: float) -> Question:
        """The same question, so much later."""
        return replace(self, waited_s=waited_s)

    def without_personal_data(self, text: str, personal: tuple[tuple[str, str], ...]) -> Question:
        """The same question in the words `text`, in which placeholders stand for personal data."""
        return replace(self, text=text, personal=personal)


def is_encodable(text: str) -> bool:
    """No NUL, which Postgres cannot store, and no lone surrogate, which UTF-8 cannot carry."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def clean_text(text: str) -> str:
    """Canonical Unicode without control and invisible direction characters; line breaks stay, runs of blanks become one."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if composed.isprintable():  # most are: then nothing in it is invisible, and no blank but the space
        return " ".join(composed.split())
    visible = "".join(c for c in composed if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf") or c == "\u200d")
    lines = (" ".join(line.split()) for line in visible.split("\n"))
    return "\n".join(lines).strip()
