"""A webhook on the loopback that keeps what is posted to it and fails on demand."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast


class WebhookHost:
    """A context manager. `posts` has the JSON that arrived; `statuses` are the next replies, 200 when there are none."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.statuses: list[int] = []
        self.arrived = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.host = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/services/T1?key=k"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    host: WebhookHost
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        host = cast(_Server, self.server).host
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = host.statuses.pop(0) if host.statuses else 200
        host.paths.append(self.path)
        if status == 200:
            host.posts.append(json.loads(body))
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        host.arrived.set()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal of the tests."""
