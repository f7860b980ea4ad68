"""Server-sent events: how a stream of answers goes over the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Response, stream_with_context

from okichat.web.htmx import STREAM

_LINE_END = re.compile(r"\r\n|\r|\n")  # each of them ends a line of an event stream
HEARTBEAT = ": \n\n"  # a comment: keeps proxies awake, and finds out whether the visitor is still there


def message(data: str, event: str | None = None) -> str:
    """One message; every line of `data` becomes a data line."""
    name = f"event: {event}\n" if event else ""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(data))
    return f"{name}{lines}\n"


def stream(messages: Iterator[str]) -> Response:
    """A reply that sends each message the moment it is there: no compressor and no proxy may hold it back."""
    response = Response(stream_with_context(messages), content_type=f"{STREAM}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store, no-transform"
    response.headers["X-Accel-Buffering"] = "no"
    response.headers.add("Vary", "Accept, HX-Request")
    return response
