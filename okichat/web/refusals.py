"""Everything that is refused, noted in one place, whichever view or handler explains it to the visitor."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException

from okichat.errors import MessageRefused, Refusal
from okichat.monitoring.security_log import kind_of_refusal
from okichat.web.errors import CODES
from okichat.web.limits import visitor_address
from okichat.web.parts import current_parts

_NOT_COUNTED = ("not_found",)  # scanners ask for pages that no site of ours has, all day long


def note_refusal(error: Exception) -> None:
    """Note a refusal or a malformed request by its visitor; any other error is none."""
    code = _code(error)
    if code is not None and code not in _NOT_COUNTED:
        note_suspicion(kind_of_refusal(code), code)


def note_suspicion(kind: str, detail: str) -> None:
    """Note something of monitoring.security_log.KINDS about whoever sent this request."""
    parts = current_parts()
    parts.security.note(kind, parts.visitors.name(visitor_address()), detail)


def _code(error: Exception) -> str | None:
    if isinstance(error, MessageRefused):
        return "trap" if "website" in error.mistakes else error.code
    if isinstance(error, Refusal):
        return error.code
    if isinstance(error, HTTPException) and error.code and 400 <= error.code < 500:
        return CODES.get(error.code, "malformed")
    return None
