"""What visitors wrote to the humans: read, answered by mail or telephone, ticked off, exported."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from okichat.contact.messages import KeptMessage, is_reference
from okichat.monitoring.audit import DASHBOARD, Audit
from okichat.privacy.by_reference import EXPORT
from okichat.web.admin import wording
from okichat.web.admin.room import address, blueprint, screen
from okichat.web.admin.spreadsheet import Cell, download
from okichat.web.parts import current_parts

SHOWN = {"waiting": ("new", "delivered"), "answered": ("answered",), "all": ()}
_MOST = 200
_MOST_EXPORTED = 20_000
_HEADINGS = ("time", "reference", "state", "name", "email", "phone", "message", "language", "conversation", "channel")


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message; the links are None where the visitor left no such way back."""

    kept: KeptMessage
    reply_url: str | None
    call_url: str | None


@blueprint.get("/messages")
def messages() -> str:
    """Those that wait, unless others are asked for."""
    parts = current_parts()
    shown = request.args.get("state", "")
    shown = shown if shown in SHOWN else "waiting"
    found = parts.messages.newest(_MOST, *SHOWN[shown])
    return screen(
        "dashboard/messages.html",
        "messages",
        shown=shown,
        kinds=tuple(SHOWN),
        counts=parts.messages.counts(),
        found=[_view(kept) for kept in found],
        is_cut=len(found) == _MOST,
        delivers=parts.delivery.has_channel,
        just_answered=request.args.get("done", "") if is_reference(request.args.get("done", "")) else "",
    )


@blueprint.post("/messages/<reference>/answered")
def answered(reference: str) -> ResponseReturnValue:
    """A human has answered."""
    if not current_parts().messages.answered(reference):
        abort(404)
    return redirect(address("admin.messages", done=reference), 303)


@blueprint.get("/messages.csv")
def export_messages() -> ResponseReturnValue:
    """All messages that are kept."""
    parts = current_parts()
    headings = [gettext(f"admin.column.{name}") for name in _HEADINGS]
    rows = map(_row, parts.messages.newest(_MOST_EXPORTED))
    Audit(parts.store, parts.clock).note(EXPORT, "messages", DASHBOARD)
    return download(f"okichat-messages-{parts.summary.today}", headings, rows)


def _view(kept: KeptMessage) -> MessageView:
    message = kept.message
    parts = current_parts()
    say = parts.sentences(message.language)
    subject = quote(say("admin.reply_subject", firm=parts.settings.name, reference=kept.reference))
    digits = "".join(character for character in message.phone or "" if character.isdigit() or character == "+")
    return MessageView(
        kept,
        f"mailto:{quote(message.email, safe='@')}?subject={subject}" if message.email else None,
        f"tel:{digits}" if digits else None,
    )


def _row(kept: KeptMessage) -> tuple[Cell, ...]:
    return (
        wording.cell(kept.received_at),
        kept.reference,
        gettext(f"admin.message.{kept.state}"),
        kept.message.name,
        kept.message.email,
        kept.message.phone,
        kept.message.text,
        kept.message.language,
        kept.conversation,
        gettext(f"admin.channel.{kept.channel}") if kept.channel else None,
    )
