"""The door: what is let in, and in which form it goes on."""

from __future__ import annotations

from dataclasses import replace

from okichat.guard.injection import is_injection
from okichat.guard.redaction import redact
from okichat.question import Question


class Guard:
    """Looks at every question before anything else does."""

    def admit(self, asked: Question) -> Question:
        """The question with placeholders for personal data; nothing behind the door sees the data itself. Raises Refusal."""
        if is_injection(asked.text):
            asked = replace(asked, gives_orders=True)
        redacted = redact(asked.text)
        if not redacted.found:
            return asked
        personal = tuple((finding.placeholder, finding.original) for finding in redacted.found)
        return asked.without_personal_data(redacted.text, personal)
