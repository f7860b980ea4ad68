"""An app of this process behind a port, for tests that need both: a browser or a socket on one side, the parts on the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


@contextmanager
def listening(app: Flask) -> Iterator[int]:
    """Serve `app` in threads; gives the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The same; gives the address."""
    with listening(app) as port:
        yield f"http://127.0.0.1:{port}"


class _Quiet(WSGIRequestHandler):
    """Keeps connections open and its thoughts to itself."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Tests print enough."""
