"""What a question gets: text that streams in (Delta), perhaps a fresh start (Restart), and one Answer last."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

RUNGS = ("small_talk", "cache", "gpt", "local", "handoff")  # who answers, from the top of the ladder down
NOTICES = (
    "budget_spent", "model_unavailable", "timeout", "quota", "rate_limited", "switched_off", "long_conversation",
    "ungrounded", "outdated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call used, as the model's server reported it, and what that costs at the dated price."""

    model: str
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_microusd: int

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def cost_usd(self) -> float:
        """The cost in US dollars."""
        return self.cost_microusd / 1_000_000


def together(last: Usage | None, before: Usage | None) -> Usage | None:
    """What both calls used, under the name of the last one's model; None where neither was paid."""
    if last is None or before is None:
        return last or before
    return Usage(
        last.model,
        last.input_tokens + before.input_tokens,
        last.cached_input_tokens + before.cached_input_tokens,
        last.output_tokens + before.output_tokens,
        last.cost_microusd + before.cost_microusd,
    )


@dataclass(frozen=True, slots=True)
class Citation:
    """A topic an answer stands on: its public name, its title, and the page about it if there is one."""

    topic: str
    title: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """A source that did not answer, and the stable word that says why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of text. An empty one says only that the source is still at work."""

    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The source broke after it had begun: the text so far is void. `reason` is the stable word of the Pass."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Always the last event, and always exactly one.

    text         Markdown
    answered_by  the rung, one of RUNGS
    citations    the topics it stands on, best first; empty when the question is out of the firm's field
    suggestions  questions to offer as buttons, e.g. when two topics are equally likely
    passed       the sources before this one, in order, each with the reason why it passed
    notice       the stable word, one of NOTICES, of the sentence that tells the visitor why the mode is degraded, or None
    notice_told  whether the conversation has shown a notice already: once is enough
    offers_human whether the conversation offers a human under this answer by itself: two in a row have not helped
    confidence   0 to 1, how sure the knowledge base is of the first topic
    usage        what was paid for this answer, also when the paid text was dropped; None when nothing was called
    """

    text: str
    answered_by: str
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    passed: tuple[Pass, ...] = ()
    notice: str | None = None
    notice_told: bool = False
    offers_human: bool = False
    confidence: float = 0.0
    usage: Usage | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        """The public names of the topics, best first."""
        return tuple(citation.topic for citation in self.citations)

    @property
    def by_gpt(self) -> bool:
        """Whether GPT wrote the words, now or when the answer was put in the cache."""
        return self.answered_by in ("gpt", "cache")


Event = Delta | Restart | Answer


def last_answer(events: Iterator[Event]) -> Answer:
    """Let all events pass up to the Answer that closes them, and end them: what goes on behind them is done when this returns."""
    with closing(closable(events)) as passing:
        for event in passing:
            if isinstance(event, Answer):
                return event
    raise AssertionError("a stream of events ended without an Answer")


def closable(events: Iterator[Event]) -> Generator[Event, None, None]:
    """A generator of the same events, so that whoever stops before the end can close it.

    Left to the garbage collector, which an error on the way can cause, an answer would end at any moment and in any thread."""
    yield from events
