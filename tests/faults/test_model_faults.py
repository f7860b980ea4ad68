"""The promise: whatever the model's host does, in whichever way one asks, there is a whole answer in time.

Each row is one fault against a freshly started app; see matrix.py for what is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import cast

import pytest

from okichat.language import detect_language
from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import JSON, WAYS, ask
from tests.faults.matrix import KINDS, Cell, Matrix
from tests.faults.served import served

Rows = dict[str, Future[dict[str, Cell]]]


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> Iterator[Rows]:
    """The rows of all chosen tests."""
    chosen = [cast(pytest.Function, item) for item in request.session.items if item.path == request.path]
    kinds = dict.fromkeys(item.callspec.params.get("kind") for item in chosen if hasattr(item, "callspec"))
    with Matrix() as matrix:
        yield {kind: matrix.row(kind) for kind in kinds if kind in KINDS}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_visitor_is_answered_whatever_the_models_host_does(kind: str, way: str, rows: Rows) -> None:
    cell = rows[kind].result()[way]

    assert cell.holes == (), cell


@pytest.mark.parametrize("broken", ["stall_middle", "insufficient_quota", "html_200", "connection_refused"])
def test_an_english_visitor_is_answered_in_english(broken: str) -> None:
    with OpenAIServer() as server, served(openai_base_url=server.break_with(broken)) as app:
        reply = ask(app.port, JSON, "What are your opening hours, please?")

    assert (reply.status, reply.answered_by, detect_language(reply.text)) == (200, "local", "en")
    assert detect_language(reply.notice) == "en"


def test_there_are_at_least_twenty_eight_kinds_of_fault() -> None:
    assert len(KINDS) >= 28
