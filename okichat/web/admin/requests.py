"""Visitors' requests: the owner hands over or erases what is kept under a reference."""

from __future__ import annotations

import json

from flask import Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from okichat.errors import NoSuchConversation
from okichat.monitoring.audit import DASHBOARD
from okichat.web.admin.room import address, blueprint
from okichat.web.on_request import by_reference
from okichat.web.parts import current_parts


@blueprint.post("/references/<reference>/export")
def export_reference(reference: str) -> ResponseReturnValue:
    """All that is kept under it, as a file for the visitor."""
    try:
        kept = by_reference(current_parts()).export(reference, DASHBOARD)
    except NoSuchConversation:
        abort(404)
    response = Response(json.dumps(kept, ensure_ascii=False, indent=2), content_type="application/json; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"okichat-{reference[:8]}.json")
    return response


@blueprint.post("/references/<reference>/erase")
def erase_reference(reference: str) -> ResponseReturnValue:
    """Erase its texts for good."""
    try:
        by_reference(current_parts()).erase(reference, DASHBOARD)
    except NoSuchConversation:
        abort(404)
    came_from = "admin.messages" if request.args.get("from") == "messages" else "admin.questions"
    return redirect(address(came_from), 303)
