"""The ports of the double: HTTP in, one Exchange for each chat completion out."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.doubles.openai_exchange import ClientLeft, Exchange, Received
from tests.doubles.openai_wire import Billed, error_body


class Host(Protocol):
    """Who decides what a listener answers."""

    models: tuple[str, ...]
    bugs: list[BaseException]

    def take(self, exchange: Exchange) -> None:
        """Answer one request, well or badly."""

    def count(self, billed: Billed) -> None:
        """Put tokens on the bill."""


class Listener(ThreadingHTTPServer):
    """One port, with every open connection known so that all of them can be closed."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, double: Host, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.double = double
        self.sockets: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        if tls:
            # The handshake belongs into the connection's own thread: a client that never begins one must not block the others.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self.shutdown()
        self.server_close()
        for connection in list(self.sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster

    def process_request(self, request: Any, client_address: Any) -> None:
        """Known before its thread has begun: a host that goes down leaves no connection behind."""
        self.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """It is over."""
        self.sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is part of the game; anything else is a bug of the double."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.double.bugs.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return  # reset on purpose

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print enough."""

    def do_GET(self) -> None:
        """The list of models, which costs nothing."""
        names = self.server.double.models
        listed = [{"id": name, "object": "model", "created": 1_780_000_000, "owned_by": "double"} for name in names]
        self._document(200, json.dumps({"object": "list", "data": listed}).encode())

    def do_POST(self) -> None:
        """One chat completion."""
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(length)
        if len(raw) < length:
            self.close_connection = True
            return None  # the client left before it had asked
        body = json.loads(raw) if self.path == "/v1/chat/completions" else None
        if body is None:
            return self._document(404, error_body(f"Invalid URL (POST {self.path})", "invalid_request_error"))
        if mistake := _mistake_in(body):
            return self._document(400, error_body(mistake, "invalid_request_error"))
        secret = {"authorization": "present"} if self.headers.get("Authorization", "").startswith("Bearer ") else {}
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "authorization"}
        received = Received(self.path, body, {**headers, **secret})
        try:
            self.server.double.take(Exchange(self, received, self.server.double.count))
        except ClientLeft:
            received.left_at_s = time.monotonic()
            self.close_connection = True
        return None

    def _document(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _mistake_in(body: Any) -> str | None:
    """What the real host would refuse before it looks at the model."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body.get("messages"):
        return "you must provide a model and messages"
    if body.get("stream_options") and not body.get("stream"):
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    if "max_tokens" in body and "max_completion_tokens" in body:
        return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    return None
