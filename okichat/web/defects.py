"""Errors that nobody has foreseen: told by their kind and place. Flask would log their text, which may quote a visitor."""

from __future__ import annotations

from types import TracebackType

from flask import Flask, request

from okichat.monitoring.journal import Journal


def tell_defects(app: Flask, journal: Journal) -> None:
    """Let the journal, and whoever listens to its crashes, hear of every request that ends in an error of ours."""

    def tell(
        exc_info: tuple[type, BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> None:
        if exc_info[1] is not None:
            journal.crash("request_crashed", exc_info[1], endpoint=request.endpoint)

    app.log_exception = tell  # type: ignore[method-assign]
