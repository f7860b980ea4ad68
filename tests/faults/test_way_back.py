"""What the app does about a model that fails: it stops asking, says why, tries again by one question, and is back by itself."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import JSON, PLAIN, WAYS, ask
from tests.faults.served import PATIENT, Served, served
from tests.waiting import wait_until

QUESTION = "Quels sont vos horaires d'ouverture ?"


@pytest.fixture
def app(model: OpenAIServer) -> Iterator[Served]:
    with served(openai_base_url=model.base_url, **PATIENT) as app:
        yield app


def readiness(app: Served) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    connection.request("GET", "/readyz")
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_repeated_failures_stop_the_calls_and_one_question_later_tries_again(model: OpenAIServer, app: Served) -> None:
    model.always_fail("clean_end_middle")
    for _ in range(3):
        assert ask(app.port, JSON, QUESTION).answered_by == "local"
    assert len(model.requests) == 3

    assert [ask(app.port, way, QUESTION).answered_by for way in WAYS] == ["local"] * len(WAYS)
    assert len(model.requests) == 3  # not one more call
    app.clock.ahead += timedelta(seconds=31)
    model.always_reply()

    assert ask(app.port, JSON, QUESTION).answered_by == "gpt"
    assert "model_recovered" in [name for name, _ in app.events]


@pytest.mark.parametrize("fault", ["insufficient_quota", "invalid_key"])
def test_a_fault_that_needs_the_operator_stops_the_calls_at_once(model: OpenAIServer, app: Served, fault: str) -> None:
    model.always_fail(fault)

    assert [ask(app.port, way, QUESTION).answered_by for way in WAYS] == ["local"] * len(WAYS)

    assert len(model.requests) == 1
    assert "model_paused" in [name for name, _ in app.events]
    gpt = readiness(app)["rungs"]["gpt"]
    assert gpt["why"] in ("quota", "key")
    assert gpt["until"]


def test_a_trial_call_that_fails_twice_does_not_lock_the_model_out_for_ever(model: OpenAIServer, app: Served) -> None:
    model.always_fail("status_503")
    for _ in range(3):
        ask(app.port, JSON, QUESTION)
    app.clock.ahead += timedelta(minutes=30)
    assert ask(app.port, JSON, QUESTION).answered_by == "local"
    app.clock.ahead += timedelta(minutes=30)
    model.always_reply()

    assert ask(app.port, JSON, QUESTION).answered_by == "gpt"


def test_only_one_question_at_a_time_tries_a_model_that_failed(model: OpenAIServer, app: Served) -> None:
    model.always_fail("insufficient_quota")
    ask(app.port, JSON, QUESTION)
    app.clock.ahead += timedelta(hours=2)
    model.forget()
    gate = threading.Event()
    model.always_reply(gate=gate)
    first: list[str] = []
    trial = threading.Thread(target=lambda: first.append(ask(app.port, JSON, QUESTION).answered_by))
    trial.start()
    wait_until(lambda: model.requests, "the model is asked")

    meanwhile = ask(app.port, JSON, "Quels sont vos tarifs ?").answered_by
    gate.set()
    trial.join(30)

    assert (meanwhile, first) == ("local", ["gpt"])


def test_the_wait_that_the_server_asks_for_is_kept(model: OpenAIServer, app: Served) -> None:
    model.fail("rate_limited_long")
    ask(app.port, JSON, QUESTION)
    app.clock.ahead += timedelta(minutes=59)
    assert ask(app.port, JSON, QUESTION).answered_by == "local"
    app.clock.ahead += timedelta(minutes=2)

    assert ask(app.port, JSON, QUESTION).answered_by == "gpt"


def test_a_model_that_is_gone_is_replaced_by_the_second_one(model: OpenAIServer) -> None:
    with served(openai_base_url=model.base_url, openai_fallback_model="gpt-5.4-mini", **PATIENT) as app:
        model.fail("model_not_found")

        assert ask(app.port, PLAIN, QUESTION).answered_by == "gpt"

        assert [request.body["model"] for request in model.requests] == ["gpt-6-luna", "gpt-5.4-mini"]
        gone = [facts for name, facts in app.events if name == "model_fault"]
        assert (gone[0]["reason"], gone[0]["model"]) == ("model_gone", "gpt-6-luna")


def test_a_reset_before_the_first_word_is_tried_once_more(model: OpenAIServer, app: Served) -> None:
    model.fail("reset_before_headers")

    assert ask(app.port, JSON, QUESTION).answered_by == "gpt"
    assert len(model.requests) == 2


def test_nothing_is_tried_again_after_the_first_word(model: OpenAIServer, app: Served) -> None:
    model.fail("reset_middle")

    assert ask(app.port, JSON, QUESTION).answered_by == "local"
    assert len(model.requests) == 1


def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(model: OpenAIServer, app: Served) -> None:
    model.always_fail("stream_options_422")

    assert [ask(app.port, JSON, QUESTION).answered_by for _ in range(3)] == ["gpt"] * 3

    assert ["stream_options" in request.body for request in model.requests] == [True, False, False, False]


@pytest.mark.parametrize("moment", ["before the first byte", "in the middle"])
def test_a_visitor_who_leaves_ends_the_paid_call(model: OpenAIServer, moment: str) -> None:
    if moment == "before the first byte":
        model.always_fail("hang_before_headers")
    else:
        model.always_reply("Nous tenons vos comptes. " * 500, token_delay_s=0.1)
    with served(openai_base_url=model.base_url, **PATIENT) as app:
        left_at_s = leave_once_asked(app.port, model)

        gone_at_s = model.wait_until_left(model.requests[-1])

        assert gone_at_s - left_at_s < 15  # long before any deadline
        wait_until(lambda: app.money().open_reservations == 0, "the reservation is settled")
        assert app.money().spent_microusd > 0


def leave_once_asked(port: int, model: OpenAIServer) -> float:
    """Ask for a stream, and close the connection without a word once the model has been asked; gives the monotonic time."""
    before = len(model.requests)
    body = json.dumps({"question": QUESTION}).encode()
    head = (
        "POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as visitor:
        visitor.sendall(head.encode() + body)
        visitor.recv(100)
        wait_until(lambda: len(model.requests) > before, "the model is asked")
    return time.monotonic()
