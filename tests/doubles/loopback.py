"""A web server on the loopback that takes posts: what becomes of one, each kind of host says itself."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast


class LoopbackHost(ABC):
    """A context manager. `address` is where it listens; `arrived` is set once a post has been taken and answered."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.host = self
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @abstractmethod
    def take(self, path: str, headers: Message, body: bytes) -> int:
        """Take a post; gives the status of the reply."""


class _Server(ThreadingHTTPServer):
    host: LoopbackHost
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        host = cast(_Server, self.server).host
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = host.take(self.path, self.headers, body)
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        host.arrived.set()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal of the tests."""
