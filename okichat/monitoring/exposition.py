"""The figures for Prometheus, in its text format: https://prometheus.io/docs/instrumenting/exposition_formats/

They come from the store, so every process says the same, and a restart loses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, func, select

from okichat import __version__
from okichat.answer import RUNGS
from okichat.conversations.listing import UNFINISHED
from okichat.errors import StoreUnavailable
from okichat.money.budget import Budget
from okichat.monitoring.figures import Figures
from okichat.monitoring.summary import Summary
from okichat.storage.engine import Store
from okichat.storage.tables import balances, messages

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 60.0)
_STATES = ("new", "delivered", "answered")

Sample = tuple[str, dict[str, str], float]  # what comes behind the family's name, labels, value


def exposition(store: Store, summary: Summary, budget: Budget, *, gpt_available: bool) -> str:
    """All families. While the store is away only those that need none, and okichat_store_up says so."""
    families = [
        _family("okichat_info", "gauge", "The version that runs.", [("", {"version": __version__}, 1)]),
        _family(
            "okichat_gpt_available",
            "gauge",
            "Whether the next question would go to the model, as the answering process knows it.",
            [("", {}, int(gpt_available))],
        ),
    ]
    try:
        families += _of_store(store, summary, budget)
        up = 1
    except StoreUnavailable:
        up = 0
    families.append(_family("okichat_store_up", "gauge", "Whether the database answers.", [("", {}, up)]))
    return "".join(families)


def _of_store(store: Store, summary: Summary, budget: Budget) -> list[str]:
    month = budget.month()
    dollars = [
        ("budget", month.budget_microusd),
        ("spent", month.spent_microusd),
        ("reserved", month.reserved_microusd),
    ]
    figures = summary.ever()
    tokens = [("", {"kind": kind}, float(figures.tokens[kind])) for kind in ("input", "output")]
    with store.read() as connection:
        spent = connection.execute(select(func.sum(balances.c.spent_microusd))).scalar() or 0
        return [
            _family("okichat_questions_total", "counter", "Questions, by who answered.", _questions(figures)),
            _family("okichat_passes_total", "counter", "A source did not answer, by reason.", _passes(figures)),
            _family("okichat_answer_seconds", "histogram", "From the question to the whole answer.", _times(figures)),
            _family("okichat_tokens_total", "counter", "Tokens that the model reported.", tokens),
            _family("okichat_messages", "gauge", "Messages to the humans that are kept.", _messages(connection)),
            _family(
                "okichat_spent_usd_total", "counter", "What GPT has cost, all months.", [("", {}, int(spent) / 1e6)]
            ),
            *(
                _family(f"okichat_month_{name}_usd", "gauge", f"This month's money: {name}.", [("", {}, amount / 1e6)])
                for name, amount in dollars
            ),
        ]


def _questions(figures: Figures) -> Iterator[Sample]:
    for rung in dict.fromkeys((*RUNGS, UNFINISHED, *figures.rungs)):
        yield "", {"rung": rung}, figures.rungs[rung]


def _passes(figures: Figures) -> Iterator[Sample]:
    for (source, reason), count in sorted(figures.passes.items()):
        yield "", {"source": source, "reason": reason}, count


def _times(figures: Figures) -> Iterator[Sample]:
    times = {hundredths / 100: count for hundredths, count in figures.hundredths.items()}
    for bound in _BOUNDS_S:
        yield "_bucket", {"le": f"{bound:g}"}, sum(count for time_s, count in times.items() if time_s <= bound)
    yield "_bucket", {"le": "+Inf"}, sum(times.values())
    yield "_sum", {}, sum(time_s * count for time_s, count in times.items())
    yield "_count", {}, sum(times.values())


def _messages(connection: Connection) -> Iterator[Sample]:
    rows = connection.execute(select(messages.c.state, func.count()).group_by(messages.c.state))
    found = {str(state): int(count) for state, count in rows}
    for state in _STATES:
        yield "", {"state": state}, found.get(state, 0)


def _family(name: str, kind: str, help: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {help}", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{suffix}{f'{{{named}}}' if named else ''} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
