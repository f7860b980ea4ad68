"""The chat as a blueprint of somebody else's Flask application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import Context, copy_context
from typing import Any

from flask import Blueprint, Flask, request
from werkzeug.wrappers import Response

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")  # the chat itself says which it takes


def as_blueprint(chat: Flask) -> Blueprint:
    """Everything under the prefix of this blueprint is answered by `chat`, an application of its own.

    It keeps its templates, translations, headers and limits to itself, and streams as it does alone; `before_request`
    and `after_request` of the host apply to it too. `url_for("okichat.page")` is its address."""
    blueprint = Blueprint("okichat", __name__)

    def page(rest: str = "") -> Response:
        prefix = _as_wsgi(request.path.removesuffix(rest))
        environ = {
            **request.environ,
            "SCRIPT_NAME": request.environ.get("SCRIPT_NAME", "") + prefix.rstrip("/"),
            "PATH_INFO": f"/{_as_wsgi(rest)}",
        }
        context = copy_context()
        response = context.run(Response.from_app, chat, environ)
        response.response = _Within(context, response.response)
        return response

    for rule in ("/", "/<path:rest>"):
        blueprint.add_url_rule(rule, view_func=page, methods=_METHODS, provide_automatic_options=False)
    return blueprint


class _Within:
    """Reads a reply in the context it began in: while an answer streams, the chat's request outlives that of the host."""

    def __init__(self, context: Context, pieces: Iterable[Any]) -> None:
        self._context = context
        self._pieces = pieces
        self._rest = iter(pieces)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._context.run(next, self._rest)

    def close(self) -> None:
        """Tell the chat that nobody reads on."""
        if close := getattr(self._pieces, "close", None):
            self._context.run(close)


def _as_wsgi(text: str) -> str:
    """Text as WSGI wants it: its UTF-8 bytes, each as one character."""
    return text.encode().decode("latin-1")
