"""A conversation as a text file that its visitor takes along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from okichat.conversations.reference import short_reference
from okichat.conversations.turns import Turn
from okichat.sentences import Sentences


class TranscriptWriter:
    """Writes transcripts with the times of the firm's time zone."""

    def __init__(self, firm: str, timezone: ZoneInfo, sentences: Sentences) -> None:
        self._firm = firm
        self._timezone = timezone
        self._sentences = sentences

    def title(self, language: str) -> str:
        """The first line; also the subject of the e-mail."""
        return self._sentences(language)("transcript.title", firm=self._firm)

    def write(self, thread: Sequence[Turn], language: str, conversation: str) -> str:
        """Each question, and its answer as Markdown, with the time, who answered and the sources; titles in `language`."""
        say = self._sentences(language)
        lines = [self.title(language), say("transcript.reference", reference=short_reference(conversation))]
        for turn in thread:
            lines += ["", "", *self._exchange(turn, language)]
        return "\n".join([*lines, "", "", say("page.ai"), ""])

    def _exchange(self, turn: Turn, language: str) -> Iterator[str]:
        say = self._sentences(language)
        yield from (say("transcript.visitor", **self._parts_of(turn.asked_at)), "", turn.question, "")
        answer = turn.answer
        who = say(f"rung.{answer.answered_by if answer else 'interrupted'}")
        yield say("transcript.answer", who=who, **self._parts_of(turn.answered_at or turn.asked_at))
        if answer is None:
            return
        yield from ("", answer.text)
        if answer.citations:
            yield from ("", say("transcript.sources"))
        for citation in answer.citations:
            yield f"- {citation.title}" + (f" ({citation.link})" if citation.link else "")

    def _parts_of(self, moment: datetime) -> dict[str, str]:
        values = f"{moment.astimezone(self._timezone):%d %m %Y %H %M}".split()
        return dict(zip(("day", "month", "year", "hour", "minute"), values, strict=True))
