"""What a visitor asks the firm to hand over or to erase, found by a reference that the visitor has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from okichat.contact.messages import KeptMessage, Messages, is_reference
from okichat.conversations.listing import ListedQuestion, Questions
from okichat.conversations.reference import References
from okichat.conversations.turns import Turns
from okichat.errors import NoSuchConversation
from okichat.monitoring.audit import Audit
from okichat.privacy.erasure import erase
from okichat.storage.engine import Store
from okichat.storage.tables import turns as turns_table

EXPORT, ERASE = "export", "erase"
_SHORT = re.compile(r"([0-9a-f]{4})-?([0-9a-f]{4})", re.IGNORECASE)
_WHOLE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a reference stands for: a conversation, or a message to the humans and the conversation that goes with it, if any."""

    conversation: str | None = None
    message: KeptMessage | None = None


class ByReference:
    """Exports and erases; each is put on record. Methods raise StoreUnavailable."""

    def __init__(
        self, store: Store, turns: Turns, questions: Questions, messages: Messages, references: References, audit: Audit
    ) -> None:
        self._store = store
        self._turns = turns
        self._questions = questions
        self._messages = messages
        self._references = references
        self._audit = audit

    def find(self, reference: str) -> Subject:
        """What `reference` stands for. Raises NoSuchConversation.

        It is that of a transcript ("3F9A-1C2B"), that of a message ("K7QW2ZXA"), a conversation's own of 32 characters, or a
        signed one, as forms and the API carry it."""
        reference = reference.strip()
        if conversation := self._conversation(reference):
            return Subject(conversation)
        if is_reference(reference.upper()) and (kept := self._messages.find(reference.upper())):
            return Subject(kept.conversation, kept)
        raise NoSuchConversation

    def conversation_quoted(self, words: str) -> str | None:
        """The conversation whose short reference, as transcripts show it, somebody has typed; None for other words."""
        return self._conversation(words.strip()) if "-" in words and _SHORT.fullmatch(words.strip()) else None

    def export(self, reference: str, way: str) -> dict[str, Any]:
        """All that is kept under `reference`, as JSON can carry it. `way` as in Audit. Raises NoSuchConversation."""
        subject = self.find(reference)
        self._record(EXPORT, subject, way)
        asked = self._questions.conversation(subject.conversation) if subject.conversation else []
        return {
            "conversation": subject.conversation,
            "questions": [_question(each) for each in asked],
            "message": _message(subject.message) if subject.message else None,
        }

    def erase(self, reference: str, way: str) -> None:
        """Erase all texts under `reference`, at once; figures stay. Raises NoSuchConversation."""
        subject = self.find(reference)
        # First: a store that fails in between leaves a note too many, never one too few.
        self._record(ERASE, subject, way)
        if subject.conversation:
            erase(self._turns, self._messages, subject.conversation)
        if subject.message:
            self._messages.erase(subject.message.reference)

    def _record(self, action: str, subject: Subject, way: str) -> None:
        for name in (subject.conversation, subject.message and subject.message.reference):
            if name:
                self._audit.note(action, name, way)

    def _conversation(self, reference: str) -> str | None:
        if signed := self._references.read(reference):
            return signed
        short = _SHORT.fullmatch(reference)
        start = f"{short[1]}{short[2]}".lower() if short else reference.lower()
        if not short and not _WHOLE.fullmatch(start):
            return None
        column = turns_table.c.conversation
        query = select(column).where(column.startswith(start, autoescape=True)).distinct().limit(2)
        with self._store.read() as connection:
            found = list(connection.execute(query).scalars())
        return found[0] if len(found) == 1 else None


def _question(asked: ListedQuestion) -> dict[str, Any]:
    return {
        "asked_at": asked.asked_at.isoformat(),
        "language": asked.language,
        "question": asked.question,
        "answer": asked.answer,
        "answered_by": asked.answered_by,
        "feedback": asked.feedback,
        "feedback_reason": asked.feedback_reason,
    }


def _message(kept: KeptMessage) -> dict[str, Any]:
    written = kept.message
    return {
        "reference": kept.reference,
        "received_at": kept.received_at.isoformat(),
        "delivered_at": kept.delivered_at and kept.delivered_at.isoformat(),
        "name": written.name,
        "email": written.email,
        "phone": written.phone,
        "text": written.text,
    }
