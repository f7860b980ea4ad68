"""The app is stopped and killed under gunicorn, as hosts do it, while visitors wait for their answers."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import HTMX, JSON, JSON_STREAM, Reply, ask
from tests.faults.gunicorn_app import GunicornApp, gunicorn_app
from tests.waiting import wait_until

QUESTION = "Quels sont vos horaires d'ouverture ?"


def asked(
    pool: ThreadPoolExecutor, app: GunicornApp, model: OpenAIServer, way: str, question: str = QUESTION
) -> Future[Reply]:
    """A question whose paid call has begun."""
    before = len(model.requests)
    reply = pool.submit(ask, app.port, way, question)
    wait_until(lambda: len(model.requests) > before or reply.done(), "the model is asked")
    return reply


def rows(app: GunicornApp, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(app.log.parent / "okichat.db")) as store:
        return store.execute(query).fetchall()


@pytest.mark.parametrize("way", [HTMX, JSON_STREAM, JSON])
def test_answers_in_flight_are_finished_when_the_host_stops_the_app(model: OpenAIServer, way: str) -> None:
    model.always_reply(token_delay_s=0.08)
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app, ThreadPoolExecutor() as pool:
        reply = asked(pool, app, model, way)
        app.terminate()

        assert (reply.result(40).answered_by, reply.result().is_whole) == ("gpt", True)
        app.wait()
        assert rows(app, "SELECT count(*) FROM reservations") == [(0,)]
        assert rows(app, "SELECT answered_by FROM turns") == [("gpt",)]


def test_who_waits_for_a_slow_model_is_answered_from_the_knowledge_before_the_process_ends(
    model: OpenAIServer,
) -> None:
    model.always_reply(token_delay_s=2.0)
    patience = "--graceful-timeout 15"  # the fifth of it that is left for the answers is enough on a busy machine too
    with (
        gunicorn_app(OPENAI_BASE_URL=model.base_url, GUNICORN_CMD_ARGS=patience) as app,
        ThreadPoolExecutor() as pool,
    ):
        replies = [asked(pool, app, model, HTMX), asked(pool, app, model, JSON, "Quels sont vos tarifs ?")]
        app.terminate()

        assert [(reply.result(40).answered_by, reply.result().is_whole) for reply in replies] == [("local", True)] * 2
        app.wait()
        assert rows(app, "SELECT count(*) FROM reservations") == [(0,)]


def test_a_killed_app_has_spent_what_it_had_reserved(model: OpenAIServer) -> None:
    model.fail("stall_middle")
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app:
        visitor = threading.Thread(target=_ask_and_lose, args=(app.port,))
        visitor.start()
        wait_until(lambda: model.requests, "the model is asked")
        app.kill()
        visitor.join(20)
        [(reserved,)] = rows(app, "SELECT amount_microusd FROM reservations")
        with closing(sqlite3.connect(app.log.parent / "okichat.db")) as store, store:
            store.execute("UPDATE reservations SET made_at = '2020-01-01 00:00:00.000000'")

        app.start()

        wait_until(lambda: rows(app, "SELECT count(*) FROM reservations") == [(0,)], "the reservation is settled")
        assert rows(app, "SELECT sum(spent_microusd), sum(reserved_microusd) FROM balances") == [(reserved, 0)]
        assert ask(app.port, JSON, QUESTION).answered_by == "gpt"


def _ask_and_lose(port: int) -> None:
    try:
        ask(port, JSON, QUESTION)
    except OSError:
        return  # the connection dies with the app


def test_a_visitor_who_leaves_ends_the_paid_call_under_gunicorn_too(model: OpenAIServer) -> None:
    model.always_reply(rest=threading.Event())
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app:
        body = json.dumps({"question": QUESTION}).encode()
        head = (
            "POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", app.port), timeout=30) as visitor:
            visitor.sendall(head.encode() + body)
            wait_until(lambda: model.requests, "the model is asked")
            visitor.recv(100)
            assert model.requests[0].left_at_s is None

        assert model.wait_until_left(model.requests[0])


def test_half_open_uploads_do_not_keep_other_visitors_out(model: OpenAIServer) -> None:
    with gunicorn_app(OPENAI_BASE_URL=model.base_url, OKICHAT_THREADS="4") as app:
        stuck = [socket.create_connection(("127.0.0.1", app.port)) for _ in range(6)]
        try:
            for number, half in enumerate(stuck):
                whole_head = "POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
                half.sendall((whole_head if number % 2 else "POST /chat HTTP/1.1\r\nHost: x").encode())
            time.sleep(0.5)

            assert ask(app.port, JSON, QUESTION, timeout_s=60).status == 200
        finally:
            for half in stuck:
                half.close()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_visitors_who_do_not_read_their_answers_do_not_keep_others_out(model: OpenAIServer, accept: str) -> None:
    body = json.dumps({"question": QUESTION}).encode()
    head = (
        "POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    model.always_reply(text="mot " * 400)
    with gunicorn_app(OPENAI_BASE_URL=model.base_url, OKICHAT_THREADS="4") as app, ExitStack() as visitors:
        for _ in range(8):
            deaf = visitors.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.connect(("127.0.0.1", app.port))
            deaf.sendall(head.encode() + body)

        assert ask(app.port, JSON, QUESTION, timeout_s=60).status == 200


def test_the_store_of_a_killed_app_is_whole(model: OpenAIServer) -> None:
    model.always_reply(token_delay_s=0.05)
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app, ThreadPoolExecutor(8) as pool:
        for number in range(8):
            pool.submit(ask, app.port, JSON, f"{QUESTION} {number}").add_done_callback(lambda lost: lost.exception())
        wait_until(lambda: len(model.requests) >= 4, "half of the questions are with the model")
        app.kill()

        assert rows(app, "PRAGMA integrity_check") == [("ok",)]
        assert rows(app, "SELECT count(*) FROM turns WHERE answer IS NOT NULL AND answered_by IS NULL") == [(0,)]
        spent = "SELECT sum(spent_change_microusd), sum(reserved_change_microusd) FROM ledger"
        assert rows(app, spent) == rows(app, "SELECT sum(spent_microusd), sum(reserved_microusd) FROM balances")
