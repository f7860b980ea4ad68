"""A site that shows the pages of docs/demo, under a policy that allows nothing but what docs/embed.md asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.served import ROOT

_PAGES = ROOT / "docs" / "demo"
_CHAT_IN_PAGES = "http://127.0.0.1:8000"
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self' {chat}; frame-src {chat}; require-trusted-types-for 'script'"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class DemoSite(ThreadingHTTPServer):
    """`chat` is the address of the chat that its pages embed; `options` are attributes that the embedding line has besides."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Page)
        self.chat = _CHAT_IN_PAGES
        self.options = ""

    @property
    def url(self) -> str:
        """Its origin: to a browser another site than 127.0.0.1."""
        return f"http://localhost:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: DemoSite

    def do_GET(self) -> None:
        file = _PAGES / self.path.lstrip("/")
        if not file.is_file():
            return self.send_error(404)
        text = file.read_text(encoding="utf-8").replace(_CHAT_IN_PAGES, self.server.chat)
        body = text.replace('/embed.js"', f'/embed.js" {self.server.options}').encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{_TYPES[file.suffix]}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", _POLICY.format(chat=self.server.chat))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def demo_site() -> Iterator[DemoSite]:
    """One that is there until the block ends."""
    with DemoSite() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
