"""Streams of messages that no visitor would send, judged without a puzzle for anybody.

One message alone is never refused, nor is one that only repeats itself within the limit of questions: those that look like
spam, or come with the field filled in that nobody sees, are answered without GPT. Who goes on sending them is slowed down,
and then refused for a while, with the way to a human. What is remembered for that are numbers that stand for words, in the
memory of this process and for two hours at most: with several processes each judges what it sees itself, while the limit of
questions stays exact for all of them."""

from __future__ import annotations

import heapq
import math
import re
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass

from limits import parse

from okichat.clock import Clock
from okichat.errors import Spam
from okichat.guard.nonsense import signs_of_nonsense
from okichat.question import Question
from okichat.recall import Recall

TRAPPED, REPEATED, MANY_CONVERSATIONS = "trap", "repeated", "many_conversations"

_SHORTEST_WINDOW_S, _LONGEST_WINDOW_S = 60.0, 3600.0
_PACE_S = 20.0  # between two suspicious messages of one visitor, once there were many
_WINDOWS_REMEMBERED = 8  # of suspicious messages
_LONGEST_MEMORY_S = 7200.0
_MOST_MESSAGES_A_VISITOR, _MOST_MESSAGES = 60, 5000
_WORDS_COMPARED = 16
_ALIKE = 0.8
_WORD = re.compile(r"[^\W\d]+|\d+")


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    id: str
    words: tuple[int, ...]  # the smallest numbers: of two texts with the same words they are the same
    begins: bool
    signs: tuple[str, ...]
    is_nonsense: bool


class Streams:
    """Remembers what each visitor sent lately. The limit of questions is the measure: who may ask more may repeat more."""

    def __init__(self, clock: Clock, limit: str) -> None:
        """`limit`: as Flask-Limiter writes it, "10 per 15 minutes"."""
        parsed = parse(limit)
        period_s = float(parsed.get_expiry())
        amount = parsed.amount * max(1.0, _SHORTEST_WINDOW_S / period_s)
        self._clock = clock
        self._recall: Recall[tuple[tuple[str, ...], tuple[int, ...]]] = Recall()
        self._window_s = min(max(period_s, _SHORTEST_WINDOW_S), _LONGEST_WINDOW_S)
        self._memory_s = min(self._window_s * _WINDOWS_REMEMBERED, _LONGEST_MEMORY_S)
        self._most_alike = max(3, math.ceil(0.4 * amount))
        self._most_begun = max(5, math.ceil(0.8 * amount))
        self._most_nonsense = max(3, math.ceil(0.3 * amount))
        self._most_suspicious = max(10, math.ceil(2 * amount))
        self._lock = threading.Lock()
        self._visitors: OrderedDict[str, deque[_Seen]] = OrderedDict()
        self._count = 0

    def signs(self, question: Question) -> tuple[str, ...]:
        """What makes this message look like spam, as stable words; none for most. Raises Spam.

        The same submission, sent again, is one message."""
        nonsense, words = self._recall.of(question.text, lambda: _look_at(question.text))
        alone = (TRAPPED, *nonsense) if question.trapped else nonsense
        if not question.visitor:
            return alone
        with self._lock:
            now_s = self._clock.now().timestamp()
            seen = self._of_visitor(question.visitor, now_s)
            if known := next((each for each in seen if each.id == question.id), None):
                return known.signs
            signs = (*alone, *self._signs_of_stream(seen, now_s, words, begins=not question.continues))
            if signs:
                self._refuse_if_too_many(seen, now_s, is_nonsense=bool(nonsense))
            begins = not question.continues
            self._remember(question.visitor, seen, _Seen(now_s, question.id, words, begins, signs, bool(nonsense)))
            return signs

    def _of_visitor(self, visitor: str, now_s: float) -> deque[_Seen]:
        seen = self._visitors.setdefault(visitor, deque())
        self._visitors.move_to_end(visitor)
        while seen and (now_s - seen[0].at_s > self._memory_s or len(seen) >= _MOST_MESSAGES_A_VISITOR):
            seen.popleft()
            self._count -= 1
        return seen

    def _remember(self, visitor: str, seen: deque[_Seen], message: _Seen) -> None:
        seen.append(message)
        self._visitors[visitor] = seen
        self._count += 1
        while self._count > _MOST_MESSAGES:
            _, oldest = self._visitors.popitem(last=False)
            self._count -= len(oldest)

    def _signs_of_stream(
        self, seen: deque[_Seen], now_s: float, words: tuple[int, ...], *, begins: bool
    ) -> tuple[str, ...]:
        if len(seen) < min(self._most_alike, self._most_begun):
            return ()
        lately = [each for each in seen if now_s - each.at_s <= self._window_s]
        signs = []
        # Fewer are remembered than a wide limit allows: then there is nothing to compare.
        if len(lately) >= self._most_alike and sum(_alike(each.words, words) for each in lately) >= self._most_alike:
            signs.append(REPEATED)
        if begins and sum(each.begins for each in lately) >= self._most_begun:
            signs.append(MANY_CONVERSATIONS)
        return tuple(signs)

    def _refuse_if_too_many(self, seen: deque[_Seen], now_s: float, *, is_nonsense: bool) -> None:
        suspicious = [each.at_s for each in seen if each.signs]
        if len(suspicious) >= self._most_suspicious:
            raise Spam(_wait_s(suspicious[-self._most_suspicious], self._memory_s, now_s))
        nonsense = [each.at_s for each in seen if each.is_nonsense and now_s - each.at_s <= self._window_s]
        if is_nonsense and len(nonsense) >= self._most_nonsense:
            raise Spam(_wait_s(nonsense[-self._most_nonsense], self._window_s, now_s))
        if len(suspicious) >= self._most_suspicious / 2 and now_s - suspicious[-1] < _PACE_S:
            raise Spam(_wait_s(suspicious[-1], _PACE_S, now_s))


def _wait_s(since_s: float, period_s: float, now_s: float) -> int:
    return max(1, math.ceil(since_s + period_s - now_s))


def _look_at(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return signs_of_nonsense(text), _numbers_for(text)


def _numbers_for(text: str) -> tuple[int, ...]:
    """A sketch of its words; figures count as one word, so that counting up makes no new message."""
    words = {hash("0" if word[0].isdecimal() else word) for word in _WORD.findall(text.casefold())}
    return tuple(heapq.nsmallest(_WORDS_COMPARED, words or {hash(text)}))


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    if one == other:
        return True
    common = len(set(one) & set(other))
    return common >= _ALIKE * max(len(one), len(other))
