"""Each fault of the model's host, in each way to ask, against the real app: what the visitor got, what was noted, its cost."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from okichat.language import detect_language
from okichat.money.prices import price_of
from tests.doubles.openai_addresses import ADDRESS_FAULTS
from tests.doubles.openai_faults import FAULTS
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.openai_wire import DEFAULT_TEXT, Billed
from tests.faults.asking import WAYS, Reply, ask
from tests.faults.served import DEADLINE_S, Served, served

KINDS = (*FAULTS, *ADDRESS_FAULTS)
QUESTION = "Quels sont vos horaires d'ouverture ?"
# What a tolerant reader makes an answer of all the same.
TOLERATED = frozenset(
    {
        "length", "no_done", "usage_missing", "usage_negative", "usage_huge", "usage_words", "usage_not_an_object",
        "nul_in_text", "lone_surrogate", "stream_options_400", "stream_options_422", "max_completion_tokens_400",
        "document_for_stream", "early_hints",
    }
)  # fmt: skip
# A host that writes on past the cap it was told: what that will cost, nobody can know.
_BEYOND_ITS_CAP = frozenset({"endless_tokens"})
# What an app remembers of its host for good: these get an app of their own.
_REMEMBERED = frozenset({"stream_options_400", "stream_options_422", "max_completion_tokens_400"})
# The clock is moved by this before each question, so that a model that was paused is tried again by it.
_LONGER_THAN_A_PAUSE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Cell:
    """One question under one fault. `holes` says in words what is not as promised; empty is good."""

    kind: str
    way: str
    reply: Reply
    calls: int
    events: tuple[str, ...]
    reasons: tuple[str, ...]
    spent_microusd: int
    money: str
    holes: tuple[str, ...]


class Matrix:
    """Works through kinds of fault, several at once: most of the time is spent waiting for deadlines.

    Each thread keeps one app; between two kinds the model's host is well again, and GPT has to come back by itself."""

    def __init__(self, at_once: int = 6) -> None:
        self._pool = ThreadPoolExecutor(at_once)
        self._of_thread = threading.local()
        self._apps = ExitStack()
        self._opening = threading.Lock()

    def row(self, kind: str) -> Future[dict[str, Cell]]:
        """One kind of fault in every way to ask, after the other; the cells by way."""
        return self._pool.submit(self._row, kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._apps.close()

    def _row(self, kind: str) -> dict[str, Cell]:
        if kind in ADDRESS_FAULTS or kind in _REMEMBERED:
            with OpenAIServer() as server, served(openai_base_url=server.break_with(kind)) as app:
                return {way: _cell_in_time(kind, way, server, app) for way in WAYS}
        server, app = self._app()
        server.break_with(kind)
        found = {way: _cell_in_time(kind, way, server, app) for way in WAYS}
        return {**found, WAYS[-1]: _with_way_back(found[WAYS[-1]], server, app)}

    def _app(self) -> tuple[OpenAIServer, Served]:
        if not hasattr(self._of_thread, "app"):
            with self._opening:
                server = self._apps.enter_context(OpenAIServer())
                self._of_thread.app = (server, self._apps.enter_context(served(openai_base_url=server.base_url)))
        pair: tuple[OpenAIServer, Served] = self._of_thread.app
        return pair


def _with_way_back(last: Cell, server: OpenAIServer, app: Served) -> Cell:
    """The host is well again: the next question must be answered by GPT, without a restart."""
    server.forget()
    app.clock.ahead += _LONGER_THAN_A_PAUSE
    reply = ask(app.port, WAYS[-1], QUESTION)
    return last if reply.answered_by == "gpt" else replace(last, holes=(*last.holes, "GPT does not come back"))


def _cell_in_time(kind: str, way: str, server: OpenAIServer, app: Served) -> Cell:
    """A busy machine is no hole: what is only late is asked again. A deadline that is not kept is late every time."""
    cell = _cell(kind, way, server, app)
    for _ in range(3):
        if not cell.holes or any(not hole.startswith("took ") for hole in cell.holes):
            break
        cell = _cell(kind, way, server, app)
    return cell


def _cell(kind: str, way: str, server: OpenAIServer, app: Served) -> Cell:
    app.clock.ahead += _LONGER_THAN_A_PAUSE
    calls, billed, before, noted = len(server.requests), server.billed_tokens, app.money(), len(app.events)
    reply = ask(app.port, way, QUESTION)
    after, events = app.money(), app.events[noted:]
    cost = _cost(server.billed_tokens, app) - _cost(billed, app)
    holes = [
        *_holes_in_reply(kind, reply),
        *(
            []
            if kind in TOLERATED or any(name == "model_fault" for name, _ in events)
            else ["the operator hears nothing"]
        ),
        *(["an answer is lost from the store"] if any(name == "store_unavailable" for name, _ in events) else []),
        *([f"a defect: {facts}" for name, facts in events if name.endswith("_crashed")]),
        *([f"{after.open_reservations} reservations stay open"] if after.open_reservations else []),
        *after.problems,
    ]
    spent = after.spent_microusd - before.spent_microusd
    if spent < cost and kind not in _BEYOND_ITS_CAP:
        holes.append(f"{cost} microdollars billed, {spent} recorded")
    settled, released = after.settled - before.settled, after.released - before.released
    names = tuple(name for name, _ in events)
    reasons = tuple(str(facts["reason"]) for name, facts in events if name == "model_fault")
    money = " + ".join(word for number, word in ((settled, "spent"), (released, "released")) if number) or "none"
    return Cell(kind, way, reply, len(server.requests) - calls, names, reasons, spent, money, tuple(holes))


def _holes_in_reply(kind: str, reply: Reply) -> list[str]:
    holes = []
    if reply.status != 200:
        return [f"status {reply.status}"]
    if not reply.is_whole:
        return ["no whole answer"]
    rungs = ("gpt",) if kind in TOLERATED else ("local", "handoff")
    if reply.answered_by not in rungs:
        holes.append(f"answered by {reply.answered_by or 'nobody'}")
    if detect_language(reply.text, "en") != "fr":
        holes.append("not in the language of the question")
    if rungs != ("gpt",) and DEFAULT_TEXT[:20] in reply.text:
        holes.append("half of a broken answer is spliced in")
    if any(character in reply.text for character in "\x00\x07\ufffd"):
        holes.append("characters that are none")
    if reply.took_s > DEADLINE_S + 1:
        holes.append(f"took {reply.took_s:.1f} s")
    return holes


def _cost(billed: Billed, app: Served) -> int:
    price = price_of(app.parts.settings.openai_model, app.parts.settings)
    assert price is not None, "the default model has a price"
    if billed == Billed():
        return 0
    return price.cost_microusd(billed.input_tokens, billed.cached_tokens, billed.output_tokens)
