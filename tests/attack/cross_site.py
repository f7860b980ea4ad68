"""What wapiti's module `csrf` reports is a form without a token; whether another site can post it is tried out here."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_ELSEWHERE = "https://elsewhere.example"
# What browsers say of a post that another site made them send: those of today, and those that know Origin alone.
_OTHER_SITES: tuple[Mapping[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site", "Origin": _ELSEWHERE},
    {"Sec-Fetch-Site": "same-site", "Origin": _ELSEWHERE},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": _ELSEWHERE},
    {"Origin": "null"},
)
_REFUSED = 403


def let_through(url: str, reported: list[dict[str, Any]], cookie: str) -> Iterator[str]:
    """A line for each form that takes a post of another site, sent as wapiti sent it and with the owner's `cookie`."""
    for each in reported:
        head, _, body = each["http_request"].partition("\n\n")
        first, *lines = head.splitlines()
        method, path, _ = first.split(" ")
        kind = next((line.partition(": ")[2] for line in lines if line.lower().startswith("content-type: ")), "")
        for says in _OTHER_SITES:
            status = _send(url, method, path, body, {"Content-Type": kind, "Cookie": cookie, **says})
            if status != _REFUSED:
                yield f"csrf: {method} {path} is answered with {status} to another site ({dict(says)})"


def _send(url: str, method: str, path: str, body: str, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body.encode("utf-8", "surrogateescape"), dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
