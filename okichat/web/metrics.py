"""The figures for Prometheus, behind the operator's token; registered only where one is set."""

from __future__ import annotations

import hashlib
import hmac

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from okichat.monitoring.exposition import CONTENT_TYPE, exposition
from okichat.web.parts import current_parts

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Every figure; the same from every process."""
    parts = current_parts()
    if not _is_known(request.headers.get("Authorization", ""), parts.settings.metrics_token or ""):
        return "a token is needed\n", 401, {"Content-Type": "text/plain", "WWW-Authenticate": "Bearer"}
    return (
        exposition(parts.store, parts.summary, parts.budget, gpt_available=parts.gpt.available()),
        200,
        {"Content-Type": CONTENT_TYPE},
    )


def _is_known(header: str, token: str) -> bool:
    """Compared by their hashes, so that the time tells nothing of either."""
    scheme, _, given = header.partition(" ")
    known, sent = (hashlib.sha256(text.strip().encode("utf-8", "replace")).digest() for text in (token, given))
    return hmac.compare_digest(known, sent) and scheme.lower() == "bearer" and token != ""
