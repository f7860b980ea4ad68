"""The attack that `make attack` makes on forms without a token finds a site that refuses nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.attack.cross_site import let_through

REPORTED = {
    "http_request": "POST /gpt?lang=fr HTTP/1.1\nhost: a\nContent-Type: application/x-www-form-urlencoded\n\nturn=off"
}


class _LooksAtOneHeader(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        is_whole = (sent, self.headers["Cookie"]) == (b"turn=off", "owner=1")
        self.send_response(403 if "Sec-Fetch-Site" in self.headers else 303 if is_whole else 400)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _LooksAtOneHeader)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_form_that_takes_the_posts_of_other_sites_is_found(url: str) -> None:
    found = list(let_through(url, [REPORTED], "owner=1"))

    assert [line.partition(" to another site ")[0] for line in found] == [
        "csrf: POST /gpt?lang=fr is answered with 303"
    ] * 2
    assert all("Origin" in line for line in found)
