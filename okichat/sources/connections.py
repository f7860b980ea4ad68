"""Connections to the model's host that another thread can end at any moment, also before the first byte has come back, and that
take no more than an answer can need: a host that says more would fill the memory.

The client offers the socket only with the response; a host that takes the request and stays silent would otherwise keep
thread and connection until a read times out, or for ever where it sends a byte now and then."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from okichat.sources.completion import BrokenProtocol

MOST_BYTES = 4_000_000  # of one reply, headers and all: ten times what the longest answer takes as a stream

Register = Callable[[Callable[[], None]], None]

_calling = threading.local()


@contextmanager
def ended_by(register: Register) -> Iterator[None]:
    """Every connection that this thread uses meanwhile gives `register` the function that ends it.

    One reply is read meanwhile; BrokenProtocol is raised where it has more than MOST_BYTES."""
    _calling.register = register
    _calling.left_bytes = MOST_BYTES
    try:
        yield
    finally:
        _calling.register = None


def make_interruptible(client: httpx2.Client) -> httpx2.Client:
    """Let all connections that `client` opens from now on know `ended_by`. Returns `client`."""
    # There is no public way to say this to a client that also keeps the proxies of its environment.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Backend(transport._pool._network_backend)
    return client


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, plain: httpcore2.NetworkBackend) -> None:
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._plain.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._plain.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, plain: httpcore2.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        read = self._plain.read(max_bytes, timeout)
        _calling.left_bytes -= len(read)
        if _calling.left_bytes < 0:
            raise BrokenProtocol("a reply without end")
        return read

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._register()  # a request begins by writing, on a new connection and on one that is used again
        self._plain.write(buffer, timeout)

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._register()
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)

    def _register(self) -> None:
        register: Register | None = getattr(_calling, "register", None)
        if register is not None:
            register(self._end)

    def _end(self) -> None:
        """Wake the thread that is blocked in this connection; closing it would not."""
        held = self._plain.get_extra_info("socket")
        if held is None or held.fileno() < 0:
            return
        try:
            # The plain socket's: that of TLS would pull its state away from the reader.
            socket.socket.shutdown(held, socket.SHUT_RDWR)
        except OSError:
            return  # the other side was quicker
