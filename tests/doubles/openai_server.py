"""A model's host on the loopback: real HTTP, chat completions streamed and unstreamed, and every fault on demand.

    with OpenAIServer() as server:
        server.reply("Nous sommes ouverts de 9 h à 18 h.")   # the next request
        server.fail("insufficient_quota")                    # the one after
        server.always_fail("stall_middle")                   # all further ones
        client = OpenAI(base_url=server.base_url, api_key="k", max_retries=0)

Unscripted requests get a plausible French answer that repeats nothing of the question. FAULTS names what `fail` takes;
`break_with` takes those and ADDRESS_FAULTS, and returns the base URL at which they happen."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.doubles.openai_addresses import ADDRESS_FAULTS, bound_socket, port_of, tls_context
from tests.doubles.openai_exchange import Exchange, Received
from tests.doubles.openai_faults import FAULTS
from tests.doubles.openai_listener import Listener
from tests.doubles.openai_wire import Billed, Reply

MODELS = ("gpt-6-luna", "gpt-5.4-mini")


class OpenAIServer:
    """The double. A context manager; it stops at the end even while requests hang, and raises what went wrong inside it."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.models: tuple[str, ...] = MODELS
        self._script: deque[Reply | str] = deque()
        self._default: Reply | str = Reply()
        self._billed = Billed()
        self._lock = threading.Lock()
        self._listener = Listener(self)
        self._others: list[Listener | socket.socket] = []
        self._folder: Path | None = None
        self.bugs: list[BaseException] = []

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._listener.server_port}/v1"

    @property
    def billed_tokens(self) -> Billed:
        """What the host would invoice for everything so far, also for answers that broke or that nobody waited for."""
        with self._lock:
            return self._billed

    @property
    def open_connections(self) -> int:
        """How many clients are connected now."""
        return len(self._listener.sockets)

    def reply(self, text: str | None = None, **how: Any) -> None:
        """Answer the next unscripted request with `text`; `how` are the fields of Reply, e.g. delay_s, token_delay_s, gate, rest."""
        self._script.append(_reply(text, how))

    def fail(self, kind: str) -> None:
        """Do one of FAULTS to the next unscripted request."""
        self._script.append(_known(kind))

    def always_reply(self, text: str | None = None, **how: Any) -> None:
        """Answer every request for which nothing else is scripted like this; without arguments, as at the start."""
        self._default = _reply(text, how)

    def always_fail(self, kind: str) -> None:
        """Do one of FAULTS to every request for which nothing else is scripted."""
        self._default = _known(kind)

    def break_with(self, kind: str) -> str:
        """Make every request fail with `kind`, of FAULTS or ADDRESS_FAULTS, and return the base URL at which it does."""
        if kind not in ADDRESS_FAULTS:
            self.always_fail(kind)
            return self.base_url
        if kind == "unknown_host":
            return "http://models.invalid/v1"
        if kind == "tls_on_plain_port":
            return self.base_url.replace("http:", "https:")
        if kind in ("connection_refused", "no_accept"):
            held = bound_socket(listening=kind == "no_accept")
            self._others += [held, *_fill_backlog(held, kind)]
            return f"http://127.0.0.1:{port_of(held)}/v1"
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="openai-double-"))
        listener = Listener(self, tls_context(self._folder, expired=kind == "expired_certificate"))
        self._others.append(listener)
        return f"{'http' if kind == 'plain_on_tls_port' else 'https'}://127.0.0.1:{listener.server_port}/v1"

    def refuse_connections(self) -> None:
        """Close the port and all connections, as a host that went down. `accept_connections` brings it back."""
        self._listener.stop()

    def accept_connections(self) -> None:
        """Listen again on the same port."""
        self._listener = Listener(self, port=self._listener.server_port)

    def forget(self) -> None:
        """As new: no requests, no script, no bill."""
        with self._lock:
            self.requests, self._billed = [], Billed()
            self._script.clear()
            self._default = Reply()

    def forget_requests(self) -> None:
        """Drop what was recorded, so that a long run does not grow; script and bill stay."""
        with self._lock:
            self.requests = []

    def wait_until_left(self, request: Received, within_s: float = 20.0) -> float:
        """The monotonic time at which the client closed the connection of this request before its end; raises AssertionError."""
        until_s = time.monotonic() + within_s
        while request.left_at_s is None:
            assert time.monotonic() < until_s, "the client has not closed its connection"
            time.sleep(0.005)
        return request.left_at_s

    def close(self) -> None:
        """Stop, and raise the first error of the double's own, if there was one."""
        self._listener.stop()
        for other in self._others:
            if isinstance(other, Listener):
                other.stop()
            else:
                other.close()
        if self._folder:
            shutil.rmtree(self._folder)
        if self.bugs:
            raise self.bugs[0]

    def __enter__(self) -> Self:
        """Already listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As close()."""
        self.close()

    def take(self, exchange: Exchange) -> None:
        """Record one request and treat it as scripted."""
        with self._lock:
            self.requests.append(exchange.received)
            scripted = self._script.popleft() if self._script else self._default
        if isinstance(scripted, Reply):
            exchange.answer(scripted)
        else:
            FAULTS[scripted](exchange)

    def count(self, billed: Billed) -> None:
        """Put tokens on the bill."""
        with self._lock:
            self._billed += billed


def _reply(text: str | None, how: dict[str, Any]) -> Reply:
    return Reply(**how) if text is None else Reply(text, **how)


def _known(kind: str) -> str:
    if kind not in FAULTS:
        raise ValueError(f"{kind!r} is no fault of one request; there are {', '.join(FAULTS)}")
    return kind


def _fill_backlog(held: socket.socket, kind: str) -> list[socket.socket]:
    """Connections that take the places in a queue nobody serves, so that the next one waits for its handshake."""
    fillers: list[socket.socket] = []
    while kind == "no_accept" and len(fillers) < 8:
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(held.getsockname())
        fillers.append(filler)
    return fillers
