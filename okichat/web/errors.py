"""Every error as its client reads it: JSON for the API, a calm page for people."""

from __future__ import annotations

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from okichat.errors import Refusal, TooManyQuestions
from okichat.question import MAX_QUESTION_CHARS
from okichat.web import presenter

CODES = {404: "not_found", 405: "method", 413: "too_large", 415: "media_type"}


def explain_errors(app: Flask) -> None:
    """Install the handlers. The chat's own form has its own, which keeps the visitor's text."""
    app.register_error_handler(Refusal, explain)
    app.register_error_handler(HTTPException, _http_error)


def explain(refusal: Refusal) -> ResponseReturnValue:
    """The reply to a refused request that no view explains better."""
    return _explained(refusal.status, refusal.code, refusal if isinstance(refusal, TooManyQuestions) else None)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:
        return error.get_response()
    code = CODES.get(status, "malformed" if status < 500 else "server")
    body, status = _explained(status, code)
    extra = {name: value for name, value in error.get_headers() if name == "Allow"}
    return body, status, extra


def _explained(status: int, code: str, too_many: TooManyQuestions | None = None) -> tuple[str | Response, int]:
    if request.path.startswith("/api/"):
        minutes = too_many.wait_minutes if too_many else 0
        reply = jsonify(error=gettext(f"refusal.{code}", minutes=minutes, limit=MAX_QUESTION_CHARS), code=code)
        if too_many:
            reply.headers["Retry-After"] = str(too_many.retry_after_s)
        return reply, status
    return render_template("errors/error.html", page=presenter.error_page_view(status, code)), status
