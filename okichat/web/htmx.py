"""What kind of reply the browser can take."""

from __future__ import annotations

from flask import Request

STREAM = "text/event-stream"


def is_htmx(request: Request) -> bool:
    """Whether htmx posts the form, so that a fragment is wanted and no whole page."""
    return request.headers.get("HX-Request") == "true"


def wants_stream(request: Request) -> bool:
    """Whether the client says, in so many words, that it reads event streams (`*/*` does not)."""
    return any(kind == STREAM and quality > 0 for kind, quality in request.accept_mimetypes)
