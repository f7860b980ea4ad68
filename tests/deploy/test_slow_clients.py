"""Clients that send drop by drop, or never hang up: gunicorn alone would keep a thread, or everybody, waiting for them."""

from __future__ import annotations

import http.client
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.served import ROOT, Served, clean_environment, gunicorn

BOUND_S = 30
OURS = ROOT / "gunicorn.conf.py"
READING_S, THREADS = 2, 32
FORM = b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process with few threads, and less patience."""
    folder: Path = tmp_path_factory.mktemp("served")
    (folder / "impatient.py").write_text(f"exec(open({str(OURS)!r}).read())\nreading_s = {READING_S}\n")
    environment = clean_environment(PYTHONPATH=str(ROOT))
    with gunicorn(folder, "-c", "impatient.py", "--threads", str(THREADS), environment=environment) as running:
        yield running


def _connect(served: Served) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=BOUND_S)


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ",
        FORM + b"Content-Length: 9000\r\n\r\nquestion=",
        FORM + b"Transfer-Encoding: chunked\r\n\r\n2000\r\nquestion=",
    ],
    ids=["head", "body", "pieces"],
)
def test_a_request_that_drips_is_ended(served: Served, beginning: bytes) -> None:
    with _connect(served) as dripping:
        dripping.sendall(beginning)
        bound = time.monotonic() + BOUND_S
        with suppress(ConnectionError):  # hung up between the look and the drop
            while not select.select([dripping], [], [], 0.2)[0] and time.monotonic() < bound:
                dripping.sendall(b"a")

        assert time.monotonic() < bound
    assert "Traceback" not in served.log.read_text()


def test_clients_that_do_not_hang_up_keep_nobody_waiting(served: Served) -> None:
    """Two seconds for each of them, one after the other, would be more than the bound."""
    with ExitStack() as kept:
        for _ in range(THREADS):
            silent = kept.enter_context(_connect(served))
            silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert silent.recv(1)  # those before it have had their answer, or are being answered
        visitor = kept.enter_context(_connect(served))
        visitor.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")

        assert visitor.recv(12) == b"HTTP/1.1 200"


def test_a_connection_may_last_longer_than_a_request(served: Served) -> None:
    connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=BOUND_S)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    kept = connection.sock

    time.sleep(READING_S)  # the time for the first request is over
    connection.request("GET", "/healthz")

    assert connection.getresponse().status == 200
    assert connection.sock is kept
    connection.close()
