"""Visitors' own conversation: they take it along as a file or by e-mail, or erase it."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from okichat.contact.channels import ChannelFailed, Letter, is_plain_address
from okichat.conversations.transcript import TranscriptWriter
from okichat.errors import NoSuchConversation, StoreUnavailable, TooManyQuestions
from okichat.monitoring.audit import PAGE, Audit
from okichat.privacy.by_reference import ERASE
from okichat.privacy.erasure import erase as erase_words
from okichat.web import presenter
from okichat.web.frame import page_template
from okichat.web.htmx import is_htmx
from okichat.web.limits import within_limit
from okichat.web.locale import page_locale
from okichat.web.own_conversation import posted_conversation, thread_again
from okichat.web.parts import current_parts

MAIL_LIMIT = "3 per hour"

blueprint = Blueprint("conversation", __name__)


@blueprint.post("/chat/thread")
def thread() -> str:
    """The conversation on a page in the language of `?lang`; for htmx, what brings it back to a page that was loaded anew."""
    conversation = posted_conversation(request, current_parts().references)
    if is_htmx(request):
        return thread_again(conversation)
    page = presenter.page_view(presenter.thread_view(conversation), presenter.form_view(conversation))
    return render_template(page_template(), page=replace(page, newest=None))


@blueprint.post("/chat/transcript")
def transcript() -> ResponseReturnValue:
    """The conversation as a text file."""
    parts = current_parts()
    text = _transcript(posted_conversation(request, parts.references))
    today = parts.clock.now().astimezone(parts.contact.timezone)
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"conversation-{today:%Y-%m-%d}.txt")
    return response


@blueprint.post("/chat/transcript/mail")
def mail() -> ResponseReturnValue:
    """The same by e-mail; the address is used for that and kept nowhere."""
    parts = current_parts()
    address = request.form.get("email", "").strip()
    text = _transcript(posted_conversation(request, parts.references))
    if parts.mail is None:
        abort(404)
    if not is_plain_address(address):
        return _mailed("address"), 400
    with within_limit(parts.limiter, MAIL_LIMIT, "transcripts"):
        letter = _letter(text)
    try:
        parts.mail.send_to(address, letter)
    except ChannelFailed as failure:
        parts.journal.event("transcript_not_sent", cause=failure.reason)
        return _mailed("not_sent")
    return _mailed("sent")


@blueprint.post("/chat/erase")
def erase() -> str:
    """Erase the texts of the conversation, and begin anew."""
    parts = current_parts()
    conversation = posted_conversation(request, parts.references)
    Audit(parts.store, parts.clock).note(ERASE, conversation, PAGE)
    erase_words(parts.turns, parts.messages, conversation)
    return render_template(page_template(), page=replace(presenter.page_view(), erased=True))


@blueprint.errorhandler(TooManyQuestions)
def limit(refused: TooManyQuestions) -> ResponseReturnValue:
    """Say when the next e-mail is sent."""
    return _mailed("too_many", refused.wait_minutes), refused.status


@blueprint.errorhandler(StoreUnavailable)
def try_later(error: StoreUnavailable) -> str:
    """Nothing was read and nothing erased. Answered with 200, as in contact.py."""
    current_parts().journal.event("store_unavailable", room="conversation", cause=str(error))
    return render_template("errors/error.html", page=presenter.error_page_view(200, "unavailable"))


def _transcript(conversation: str) -> str:
    parts = current_parts()
    thread = parts.turns.thread(conversation)
    if not thread:
        raise NoSuchConversation
    return _writer().write(thread, page_locale(), conversation)


def _letter(text: str) -> Letter:
    parts = current_parts()
    subject = _writer().title(page_locale())
    return Letter(f"okichat.{secrets.token_hex(8)}", subject, text, parts.clock.now(), parts.contact.email)


def _writer() -> TranscriptWriter:
    parts = current_parts()
    return TranscriptWriter(parts.contact.name, parts.contact.timezone, parts.sentences)


def _mailed(said: str, wait_minutes: int | None = None) -> str:
    """What became of the e-mail: beside its form; without JavaScript on the whole page."""
    parts = current_parts()
    address = "" if said == "sent" else request.form.get("email", "")
    keep = replace(presenter.keep_view(parts), said=said, wait_minutes=wait_minutes, address=address)
    if is_htmx(request):
        return render_template("chat/mailed.html", keep=keep)
    conversation = posted_conversation(request, parts.references)
    page = presenter.page_view(presenter.thread_view(conversation), presenter.form_view(conversation))
    return render_template(page_template(), page=replace(page, keep=keep, newest=None))
