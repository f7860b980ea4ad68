"""Whether an answer helped: a vote, perhaps a reason, and thanks in the place of the buttons."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from okichat.conversations.feedback import MAX_WORDS_CHARS, REASONS, Vote, note_vote, turn_in
from okichat.errors import NoSuchConversation, StoreUnavailable, TooManyQuestions
from okichat.web import presenter
from okichat.web.contexts import FeedbackView
from okichat.web.frame import page_template
from okichat.web.htmx import is_htmx
from okichat.web.limits import within_limit
from okichat.web.own_conversation import posted_conversation
from okichat.web.parts import current_parts

LIMIT = "60 per 15 minutes"

blueprint = Blueprint("feedback", __name__)


@blueprint.post("/feedback")
def vote() -> str:
    """Keep the posted vote; after "not helpful" ask once why."""
    parts = current_parts()
    vote = Vote.from_form(request.form)
    conversation = posted_conversation(request, parts.references)
    with within_limit(parts.limiter, LIMIT, "votes"):
        offer_under = note_vote(parts.turns, conversation, vote)
    state = "thanks" if vote.up or vote.asked else "why"
    return _page_or_fragment(_view(vote.turn, state, vote="up" if vote.up else "down"), offer_under)


@blueprint.errorhandler(TooManyQuestions)
def limit(refused: TooManyQuestions) -> ResponseReturnValue:
    """Say when the next vote is taken."""
    return _refused("too_many", wait_minutes=refused.wait_minutes), refused.status


@blueprint.errorhandler(NoSuchConversation)
def explain_absence(refused: NoSuchConversation) -> ResponseReturnValue:
    """The conversation may have been erased in another window."""
    return _refused("gone"), refused.status


@blueprint.errorhandler(StoreUnavailable)
def try_later(error: StoreUnavailable) -> str:
    """The vote could not be kept. Answered with 200, as in contact.py."""
    current_parts().journal.event("store_unavailable", room="feedback", cause=str(error))
    return _refused("unavailable")


def _refused(why: str, wait_minutes: int | None = None) -> str:
    return _page_or_fragment(_view(turn_in(request.form) or "", "refused", refusal=why, wait_minutes=wait_minutes))


def _view(
    turn: str, state: str, vote: str | None = None, refusal: str | None = None, wait_minutes: int | None = None
) -> FeedbackView:
    form = presenter.form_view(current_parts().references.read(request.form.get("conversation")))
    return FeedbackView(
        turn=turn,
        action=form.feedback_action,
        vote=vote,
        state=state,
        refusal=refusal,
        wait_minutes=wait_minutes,
        conversation=form.conversation,
        reasons=REASONS,
        max_chars=MAX_WORDS_CHARS,
    )


def _page_or_fragment(view: FeedbackView, offer_under: str | None = None) -> str:
    """Without JavaScript the whole page comes back, with `view` under its answer."""
    parts = current_parts()
    if is_htmx(request):
        contact = presenter.contact_view(parts.contact, parts.clock.now(), view.conversation)
        return render_template("chat/feedback.html", feedback=view, offer_under=offer_under, contact=contact)
    conversation = parts.references.read(view.conversation)
    thread = presenter.thread_view(conversation) if conversation else ()
    if not any(exchange.id == view.turn for exchange in thread):
        code = "no_conversation" if view.refusal == "gone" else "unavailable"
        return render_template("errors/error.html", page=presenter.error_page_view(200, code))
    said = tuple(replace(exchange, feedback=view) if exchange.id == view.turn else exchange for exchange in thread)
    page = replace(presenter.page_view(said, presenter.form_view(conversation)), newest=None)
    return render_template(page_template(), page=page)
