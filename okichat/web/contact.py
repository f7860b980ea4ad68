"""The way to the humans: every contact detail, and a message form that works without JavaScript and without GPT."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from okichat.contact.message import MAX_TEXT_CHARS, Message
from okichat.contact.messages import is_reference
from okichat.errors import MessageRefused, StoreUnavailable, TooManyQuestions
from okichat.web import presenter
from okichat.web.contexts import ContactPageView
from okichat.web.limits import within_limit
from okichat.web.locale import page_locale
from okichat.web.parts import current_parts

LIMIT = "5 per hour"
# For forms that come back sooner than anybody types, or without their stamp. A person with a helpful browser is not refused.
HASTY_LIMIT = "2 per hour"
_FIELDS = ("name", "email", "phone", "text")
# The longest message when every character of it takes twelve bytes in a form, and some room for the rest.
_MAX_BODY_BYTES = MAX_TEXT_CHARS * 12 + 8 * 1024

blueprint = Blueprint("contact", __name__)


@blueprint.before_request
def allow_long_messages() -> None:
    """A message may be longer than a question, for which the limit of the app is made."""
    request.max_content_length = request.max_form_memory_size = _MAX_BODY_BYTES


@blueprint.get("/contact")
def page() -> str:
    """Every way to a human and the form; after a message was kept, its reference."""
    sent = request.args.get("sent", "")
    return _page(_view(reference=sent if is_reference(sent) else None))


@blueprint.post("/contact")
def send() -> ResponseReturnValue:
    """Keep the posted message, then show its reference on a page that can be reloaded without sending it again."""
    parts = current_parts()
    message = Message.from_form(request.form, page_locale())
    conversation = parts.references.read(request.form.get("conversation"))
    took_time = parts.form_ages.is_plausible(request.form.get("stamp"))
    with within_limit(
        parts.limiter, LIMIT if took_time else HASTY_LIMIT, "messages" if took_time else "hasty_messages"
    ):
        reference = parts.messages.keep(message, conversation)
    parts.delivery.wake()
    return redirect(url_for("contact.page", sent=reference, lang=request.args.get("lang")), 303)


@blueprint.errorhandler(MessageRefused)
def refuse(refused: MessageRefused) -> ResponseReturnValue:
    """Say what is missing; what the visitor typed stays in the form."""
    trapped = "trap" if "website" in refused.mistakes else None
    return make_response(_page(_view(mistakes=refused.mistakes, refusal=trapped)), refused.status)


@blueprint.errorhandler(TooManyQuestions)
def limit(refused: TooManyQuestions) -> ResponseReturnValue:
    """Say when the next message is taken, beside the ways that have no limit."""
    return make_response(_page(_view(refusal=refused.code, wait_minutes=refused.wait_minutes)), refused.status)


@blueprint.errorhandler(StoreUnavailable)
def keep_in_form(error: StoreUnavailable) -> ResponseReturnValue:
    """The message could not be kept: the visitor still has it, and the direct ways to the humans.

    Answered with 200, because hosts and proxies put pages of their own in place of errors of the server."""
    current_parts().journal.event("store_unavailable", room="contact", cause=str(error))
    return _page(_view(refusal="unavailable"))


def _page(view: ContactPageView) -> str:
    return render_template("contact/page.html", page=view)


def _view(
    reference: str | None = None,
    mistakes: dict[str, str] | None = None,
    refusal: str | None = None,
    wait_minutes: int | None = None,
) -> ContactPageView:
    parts = current_parts()
    signed = request.values.get("conversation")
    return ContactPageView(
        firm=parts.settings.name,
        locale=page_locale(),
        contact=presenter.contact_view(parts.contact, parts.clock.now()),
        max_chars=MAX_TEXT_CHARS,
        values={name: request.form.get(name, "") for name in _FIELDS},
        mistakes=mistakes or {},
        refusal=refusal,
        wait_minutes=wait_minutes,
        conversation=signed if parts.references.read(signed) else None,
        attach=bool(request.form.get("attach")),
        reference=reference,
        # What was typed before a mistake need not be typed again: the form is as old as it was at first.
        stamp=request.form.get("stamp") or parts.form_ages.stamp(),
        home_url=presenter.home_url(),
        privacy_url=presenter.privacy_url(),
    )
