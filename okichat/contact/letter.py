"""A kept message as a letter that a person of the firm reads in a mail program or a chat."""

from __future__ import annotations

from okichat.contact.channels import Letter
from okichat.contact.details import ContactDetails
from okichat.contact.messages import KeptMessage
from okichat.conversations.turns import Turns
from okichat.sentences import Say


class LetterWriter:
    """Writes letters as `say` speaks, in the language of the firm's people; the visitor's own words stay as they are."""

    def __init__(self, turns: Turns, details: ContactDetails, say: Say) -> None:
        self._turns = turns
        self._details = details
        self._say = say

    def write(self, kept: KeptMessage) -> Letter:
        """The letter about a message, with the conversation where the visitor agreed to it. Raises StoreUnavailable."""
        message = kept.message
        received = kept.received_at.astimezone(self._details.timezone)
        day, month, year, hour, minute = f"{received:%d %m %Y %H %M}".split()
        lines = [
            self._say("contact.letter.reference", reference=kept.reference),
            self._say("contact.letter.received", day=day, month=month, year=year, hour=hour, minute=minute),
        ]
        for field, value in (("name", message.name), ("email", message.email), ("phone", message.phone)):
            if value:
                lines.append(self._say(f"contact.letter.{field}", value=value))
        lines += ["", message.text]
        if kept.conversation:
            lines += self._transcript(kept.conversation)
        who = message.name or message.email or message.phone
        subject = self._say("contact.letter.subject", firm=self._details.name, who=who)
        return Letter(f"okichat.{kept.reference}", subject, "\n".join(lines), kept.received_at, message.email)

    def _transcript(self, conversation: str) -> list[str]:
        """What was said, if the retention has left anything of it."""
        turns = self._turns.thread(conversation)
        lines = ["", self._say("contact.letter.conversation")] if turns else []
        for turn in turns:
            lines += ["", self._say("contact.letter.visitor", text=turn.question)]
            if turn.answer:
                lines += ["", self._say("contact.letter.assistant", text=turn.answer.text)]
        return lines
