"""Whether an answer only says what it was given: facts that stand in no source are found before a visitor reads them."""

from __future__ import annotations

from collections.abc import Iterable

from okichat.guard.facts import Key, facts_of


def ungrounded(answer: str, sources: Iterable[str]) -> tuple[str, ...]:
    """The facts of an answer that none of its sources says, as the answer writes them, each once.

    Sources are all that the answer may rely on: the passages, the contact details, the question and what came before it,
    today's date if the model was told. What counts as a fact, and what does not: okichat/guard/facts.py. Facts are
    compared by what they say: "24 h" is "24 heures", "1 000 €" is "1000 euros", "48 h" is "2 jours". A result the model
    worked out by itself stands in no source."""
    said: set[Key] = set()
    for source in sources:
        for fact in facts_of(source):
            said.update((fact.key, *fact.implied))
    return tuple(dict.fromkeys(fact.written for fact in facts_of(answer) if fact.key not in said))
