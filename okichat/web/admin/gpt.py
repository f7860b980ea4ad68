"""The switch that turns GPT off and on, on the screen about the host's health."""

from __future__ import annotations

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue

from okichat.monitoring.audit import DASHBOARD
from okichat.web.admin.room import address, blueprint
from okichat.web.parts import current_parts


@blueprint.post("/gpt")
def turn_gpt() -> ResponseReturnValue:
    """Turn GPT off or on for every process; the screen asked for a second press before."""
    turn = request.form.get("turn")
    if turn not in ("on", "off"):
        abort(400)
    current_parts().switch.turn(off=turn == "off", way=DASHBOARD)
    return redirect(f"{address('admin.health')}#switch", 303)
