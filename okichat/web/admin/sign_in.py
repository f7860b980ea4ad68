"""In and out of the dashboard."""

from __future__ import annotations

from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from okichat.errors import TooManyQuestions
from okichat.monitoring.security_log import SIGN_IN
from okichat.web.admin.room import address, blueprint, screen
from okichat.web.limits import within_limit
from okichat.web.parts import current_parts
from okichat.web.refusals import note_suspicion

LIMIT = "5 per 15 minutes"


@blueprint.get("/sign-in")
def sign_in() -> str:
    """The page that asks for the password."""
    return screen("dashboard/sign_in.html", "sign_in", refused=None, minutes=0)


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Look at the password; every try counts, also a right one."""
    parts = current_parts()
    try:
        with within_limit(parts.limiter, LIMIT, "sign_in"):
            known = parts.sessions.accepts(request.form.get("password", ""))
    except TooManyQuestions as refused:  # no handler's: on the way to one it would count as a refused question too
        parts.journal.event("admin_sign_in_limited")
        return _refused("limit", refused.wait_minutes), refused.status
    if not known:
        parts.journal.event("admin_sign_in_failed")
        return _refused("wrong"), 403
    response = make_response(redirect(address("admin.today"), 303))
    parts.sessions.begin(request, response)
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Take the cookie back."""
    response = make_response(redirect(address("admin.sign_in"), 303))
    current_parts().sessions.end(request, response)
    return response


def _refused(why: str, minutes: int = 0) -> str:
    note_suspicion(SIGN_IN, why)
    return screen("dashboard/sign_in.html", "sign_in", refused=why, minutes=minutes)
