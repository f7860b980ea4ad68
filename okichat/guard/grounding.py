"""Whether an answer only says what it was given: facts that stand in no source are found before a visitor reads them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from okichat.guard.facts import Key, facts_of


class Grounds:
    """All that an answer may rely on: the passages, the question and what came before it.

    What counts as a fact, and what does not: okichat/guard/facts.py. Facts are compared by what they say: "24 h" is
    "24 heures", "1 000 €" is "1000 euros", "48 h" is "2 jours". A result the model worked out by itself stands in no source."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._sources = tuple(sources)

    def ungrounded(self, answer: str) -> tuple[str, ...]:
        """The facts of an answer that none of its sources says, as the answer writes them, each once."""
        return tuple(dict.fromkeys(fact.written for fact in facts_of(answer) if fact.key not in self._said))

    @cached_property
    def _said(self) -> set[Key]:
        facts = (fact for source in self._sources for fact in facts_of(source))
        return {key for fact in facts for key in (fact.key, *fact.implied)}
