"""An instance that is told to stop: what has come is answered, and whoever comes later is sent elsewhere at once."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deploy.fleet import ask
from tests.doubles.openai_server import OpenAIServer
from tests.faults.gunicorn_app import gunicorn_app
from tests.ports import is_listening
from tests.waiting import wait_until

pytestmark = pytest.mark.deploy

QUESTION = "Quels documents faut-il pour préparer le bilan ?"


def test_the_port_is_closed_while_answers_are_finished(model: OpenAIServer) -> None:
    gate = threading.Event()
    model.reply(gate=gate)
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app, ThreadPoolExecutor(1) as pool:
        reply = pool.submit(ask, app.port, QUESTION)
        try:
            wait_until(lambda: model.requests, "the model is asked")
            app.terminate()
            wait_until(lambda: not is_listening(app.port), "the port is closed")
            was_waiting = not reply.done()
        finally:
            gate.set()

        assert was_waiting
        assert reply.result(30).answer["answered_by"] == "gpt"


def test_whoever_has_come_before_is_answered(model: OpenAIServer) -> None:
    with gunicorn_app(OPENAI_BASE_URL=model.base_url) as app:
        [worker] = app.workers()
        os.kill(worker, signal.SIGSTOP)
        try:
            waiting = [_asked(app.port) for _ in range(3)]
            app.terminate()
            time.sleep(0.3)  # the worker has to find them and the signal together
        finally:
            os.kill(worker, signal.SIGCONT)
        replies = [connection.makefile("rb").read() for connection in waiting]
        for connection in waiting:
            connection.close()

    assert [reply.split(b"\r\n")[0] for reply in replies] == [b"HTTP/1.1 200 OK"] * 3


def _asked(port: int) -> socket.socket:
    body = json.dumps({"question": "Bonjour"})
    head = f"POST /api/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())
    return connection
