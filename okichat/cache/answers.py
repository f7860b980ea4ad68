"""Answers of GPT that are given again: a few hundred in this process, all of them on a shelf that processes share."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from okichat.answer import Answer, Citation
from okichat.cache.shelf import Kept, Shelf, ShelfAway
from okichat.clock import Clock
from okichat.knowledge.library import Library

_MOST_IN_MEMORY = 400


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: Answer
    expires_at: datetime


class AnswerCache:
    """Gives prepared answers. Raises nothing: without its shelf it remembers what this process has answered."""

    def __init__(self, shelf: Shelf, library: Library, clock: Clock, *, lifetime_s: int, timezone: str) -> None:
        """`lifetime_s` 0 keeps nothing; `timezone` is the one in which the days of the topics end."""
        self._shelf = shelf
        self._library = library
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime_s)
        self._timezone = ZoneInfo(timezone)
        self._lock = threading.Lock()
        self._memory: OrderedDict[str, _Remembered] = OrderedDict()

    def remembered(self, key: str) -> Answer | None:
        """The answer to `key` if this process has it at hand; costs nothing."""
        with self._lock:
            found = self._memory.get(key)
            if found is None:
                return None
            if found.expires_at <= self._clock.now():
                del self._memory[key]
                return None
            self._memory.move_to_end(key)
            return found.answer

    def find(self, key: str) -> Answer | None:
        """The answer to `key`, wherever it is kept."""
        if (answer := self.remembered(key)) or not self._lifetime:
            return answer
        try:
            kept = self._shelf.read(key)
        except ShelfAway:
            return None
        if kept is None or kept.expires_at <= self._clock.now():
            return None
        answer = _from_json(kept.answer)
        self._remember(key, answer, kept.expires_at)
        return answer

    def keep(self, key: str, answer: Answer, language: str) -> None:
        """Keep an answer if it is one that may be given again: GPT's own, whole, and standing on what is still valid."""
        if not self._lifetime or not _is_complete(answer):
            return
        expires_at = self._expires_at(answer, language)
        if expires_at <= self._clock.now():
            return
        text = _to_json(answer)
        self._remember(key, _from_json(text), expires_at)
        try:
            self._shelf.write(key, Kept(text, expires_at))
        except ShelfAway:
            return  # this process has it; the journal has been told

    def _remember(self, key: str, answer: Answer, expires_at: datetime) -> None:
        with self._lock:
            self._memory[key] = _Remembered(answer, expires_at)
            self._memory.move_to_end(key)
            if len(self._memory) > _MOST_IN_MEMORY:
                self._memory.popitem(last=False)

    def _expires_at(self, answer: Answer, language: str) -> datetime:
        """After its lifetime, or when what one of its topics says begins or ceases to hold."""
        now = self._clock.now()
        ends = [now + self._lifetime]
        for slug in answer.topics:
            topic = self._library.topic(slug, language)
            if topic and topic.valid_until:
                ends.append(self._midnight(topic.valid_until + timedelta(days=1)))
            if topic and topic.valid_from and self._midnight(topic.valid_from) > now:
                ends.append(self._midnight(topic.valid_from))
        return min(ends)

    def _midnight(self, day: date) -> datetime:
        """When that day begins."""
        return datetime.combine(day, time(), self._timezone)


def _is_complete(answer: Answer) -> bool:
    """Not one that was cut at the output cap, which ends with an ellipsis."""
    return answer.answered_by == "gpt" and answer.notice is None and not answer.text.endswith("…")


def _to_json(answer: Answer) -> str:
    citations = [asdict(citation) for citation in answer.citations]
    kept = {"text": answer.text, "citations": citations, "suggestions": answer.suggestions}
    return json.dumps({**kept, "confidence": answer.confidence}, ensure_ascii=False)


def _from_json(text: str) -> Answer:
    data = json.loads(text)
    return Answer(
        data["text"],
        "cache",
        tuple(Citation(**citation) for citation in data["citations"]),
        tuple(data["suggestions"]),
        confidence=data["confidence"],
    )
