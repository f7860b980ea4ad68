"""One HTTP request to the double and what is sent back, down to the single byte and the reset."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any

from tests.doubles.openai_wire import Billed, Completion, Part, Reply, input_tokens_of

# A hang that no one ends is ended by the double itself, so that a test of a missing deadline fails and does not hang.
PATIENCE_S = 60.0


class ClientLeft(Exception):
    """The client closed its connection, or the double is being closed."""


@dataclass(slots=True)
class Received:
    """One request as the double saw it. The key itself is never kept.

    at_s        monotonic time of its arrival
    left_at_s   monotonic time at which the client closed the connection before the end of the reply, or None
    billed      what it costs
    """

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at_s: float = field(default_factory=time.monotonic)
    left_at_s: float | None = None
    billed: Billed = field(default_factory=Billed)

    @property
    def question(self) -> str:
        """The text of the last message."""
        return str(self.body["messages"][-1]["content"])

    @property
    def prompt(self) -> str:
        """The texts of all messages together."""
        return "\n".join(str(message.get("content")) for message in self.body["messages"])


class Exchange:
    """What a scripted reply or a fault works with: send, wait, hang up, reset."""

    def __init__(self, handler: BaseHTTPRequestHandler, received: Received, count: Callable[[Billed], None]) -> None:
        """`count` is told of every token the moment it is billed."""
        self.handler = handler
        self.received = received
        self._count = count
        self._chunked = False

    @property
    def connection(self) -> socket.socket:
        """The client's socket."""
        connection: socket.socket = self.handler.connection
        return connection

    def completion(self, reply: Reply) -> Completion:
        """The reply as this request wants it."""
        return Completion(reply, self.received.body)

    def begin(
        self, reply: Reply, *, content_type: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> Completion:
        """Wait as scripted, bill the input, send the head of a 200, and return what is left to send."""
        completion = self.completion(reply)
        self.wait(reply.delay_s)
        self.bill_input(reply)
        default = "text/event-stream; charset=utf-8" if completion.streamed else "application/json"
        self.head(200, content_type or default, headers)
        self._wait_for(reply.gate)
        return completion

    def answer(self, reply: Reply) -> None:
        """The whole of a reply, as it is scripted."""
        parts = self.begin(reply).parts()
        half = len(parts) // 2
        self.send(parts[:half], reply.token_delay_s)
        self._wait_for(reply.rest)
        self.send(parts[half:], reply.token_delay_s)
        self.end()

    def head(
        self, status: int, content_type: str, headers: Iterable[tuple[str, str]] = (), length: int | None = None
    ) -> None:
        """Status line and headers; the body is chunked unless `length` is given."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", content_type)
        self._chunked = length is None
        framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        for name, value in (framing, *headers):
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def document(
        self, status: int, body: bytes, content_type: str = "application/json", headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """A whole response at once, unbilled."""
        self.head(status, content_type, headers, len(body))
        self.raw(body)

    def send(self, parts: Iterable[Part], delay_s: float = 0.0) -> None:
        """Parts of the body, one by one; each is billed once it is out, because the model has produced it by then."""
        for part in parts:
            if part.tokens:
                self.wait(delay_s)
            self.raw(b"%x\r\n%s\r\n" % (len(part.data), part.data) if self._chunked else part.data)
            self._bill(Billed(output_tokens=part.tokens))

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        try:
            self.connection.sendall(data)
        except OSError:
            raise ClientLeft from None

    def end(self) -> None:
        """The proper end of a chunked body."""
        if self._chunked:
            self.raw(b"0\r\n\r\n")

    def wait(self, seconds: float) -> None:
        """Let time pass; raises ClientLeft as soon as the client closes."""
        if seconds > 0 and self._is_closed_within(seconds):
            raise ClientLeft

    def hang(self) -> None:
        """Nothing more, until the client has had enough."""
        self.wait(PATIENCE_S)

    def hang_up(self) -> None:
        """Close the connection without the end of the message."""
        self.handler.close_connection = True

    def reset(self) -> None:
        """Close the connection the hard way: the client gets a reset, even for bytes it has not read yet."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.close_connection = True
        self.connection.close()

    def bill_input(self, reply: Reply | None = None) -> None:
        """The prompt is read: from here on it costs."""
        self._bill(Billed(input_tokens_of(self.received.body), reply.cached_tokens if reply else 0))

    def _bill(self, billed: Billed) -> None:
        if billed != Billed():
            self.received.billed += billed
            self._count(billed)

    def _wait_for(self, event: Event | None) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while event is not None and not event.is_set() and time.monotonic() < until_s:
            self.wait(0.01)

    def _is_closed_within(self, seconds: float) -> bool:
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if not readable:
            return False
        try:
            # The plain socket's: that of TLS cannot peek.
            return socket.socket.recv(self.connection, 1, socket.MSG_PEEK) == b""
        except OSError:
            return True
