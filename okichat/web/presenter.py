"""Turns answers and settings into what templates are given (contexts.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import request, url_for
from flask_babel import gettext
from markupsafe import Markup

from okichat.answer import Answer
from okichat.contact.details import ContactDetails
from okichat.contact.hours import OpeningHours
from okichat.conversations.turns import Turn
from okichat.errors import Refusal, StoreUnavailable, TooManyQuestions
from okichat.guard.redaction import kinds_of, restore
from okichat.question import MAX_QUESTION_CHARS, Question
from okichat.sentences import Say
from okichat.sources.local import OUTDATED
from okichat.sources.unasked import LongConversation
from okichat.web import markdown
from okichat.web.contexts import (
    AnswerView,
    ContactView,
    ErrorPageView,
    ExchangeView,
    FeedbackView,
    FormView,
    KeepView,
    PageView,
    RefusalView,
)
from okichat.web.frame import frame_arguments, is_framed
from okichat.web.locale import page_locale
from okichat.web.parts import Parts, current_parts

SUGGESTIONS = 6
_RATED = ("gpt", "cache", "local", "handoff")


def page_view(
    thread: tuple[ExchangeView, ...] = (), form: FormView | None = None, refusal: RefusalView | None = None
) -> PageView:
    """The whole chat page."""
    parts = current_parts()
    settings = parts.settings
    form = form or form_view()
    return PageView(
        firm=settings.name,
        locale=page_locale(),
        mode=parts.mode,
        welcome=settings.welcome or gettext("welcome", name=settings.name),
        suggestions=settings.suggestions
        or tuple(gettext(f"suggestion.{number}") for number in range(1, SUGGESTIONS + 1)),
        thread=thread,
        form=form,
        contact=contact_view(parts.contact, parts.clock.now(), form.conversation),
        keep=keep_view(parts),
        refusal=refusal,
        newest=thread[-1].id if thread else None,
        home_url=home_url(),
        privacy_url=privacy_url(),
        embed_origins=settings.embed_origins,
    )


def error_page_view(status: int, code: str) -> ErrorPageView:
    """A page that could not be shown."""
    parts = current_parts()
    return ErrorPageView(
        firm=parts.settings.name,
        locale=page_locale(),
        status=status,
        code=code,
        contact=contact_view(parts.contact, parts.clock.now()),
        home_url=home_url(),
        privacy_url=privacy_url(),
    )


def home_url() -> str:
    """The chat, in the language that the visitor has chosen."""
    return url_for("widget.page" if is_framed() else "chat.page", **_chosen_language())


def privacy_url() -> str:
    """What becomes of what a visitor writes, in that language."""
    return url_for("chat.privacy", **_chosen_language())


def _chosen_language() -> dict[str, Any]:
    return {"lang": page_locale()} if "lang" in request.args else {}


def form_view(conversation: str | None = None, question: str = "") -> FormView:
    """A composer that is ready to send; `conversation` is the reference as the store knows it."""
    signed = current_parts().references.sign(conversation) if conversation else None
    return FormView(
        action=_action("chat.answer"),
        request_key=current_parts().request_keys.new(),
        max_chars=MAX_QUESTION_CHARS,
        question=question,
        conversation=signed,
        feedback_action=_action("feedback.vote"),
    )


def keep_view(parts: Parts) -> KeepView:
    """What visitors can do with their conversation."""
    return KeepView(
        transcript_action=_action("conversation.transcript"),
        erase_action=_action("conversation.erase"),
        mail_action=_action("conversation.mail") if parts.mail else None,
    )


def feedback_view(id: str, answered_by: str, vote: str | None = None) -> FeedbackView | None:
    """The question whether an answer helped; None where there is nothing to say."""
    return FeedbackView(id, vote) if answered_by in _RATED else None


def _action(endpoint: str) -> str:
    return url_for(endpoint, **_chosen_language(), **frame_arguments())


def refusal_view(refusal: Refusal) -> RefusalView:
    """Why a question was not taken."""
    return RefusalView(refusal.code, refusal.wait_minutes if isinstance(refusal, TooManyQuestions) else None)


def pending_view(question: Question, asked_at: datetime) -> ExchangeView:
    """A question whose answer is being written."""
    typed, kinds = own_words(question, question.text), kinds_of(question.personal)
    return ExchangeView(question.id, typed, question.language, asked_at, personal=kinds)


def exchange_view(question: Question, answer: Answer, asked_at: datetime) -> ExchangeView:
    """A question and its answer; placeholders of personal data are the visitor's own words again."""
    parts = current_parts()
    return replace(
        pending_view(question, asked_at),
        answer=answer_view(parts, own_words(question, answer.text), answer, question.language, parts.clock.now()),
        feedback=feedback_view(question.id, answer.answered_by),
    )


def thread_view(conversation: str) -> tuple[ExchangeView, ...]:
    """The conversation so far, for a page without JavaScript; empty while the store is away."""
    parts = current_parts()
    try:
        return tuple(_turn_view(parts, turn, turn.answer) for turn in parts.turns.thread(conversation) if turn.answer)
    except StoreUnavailable:
        parts.journal.event("store_unavailable", room="thread")
        return ()


def answer_view(parts: Parts, text: str, answer: Answer, language: str, answered_at: datetime) -> AnswerView:
    """One finished answer."""
    notice = None if answer.notice_told else answer.notice
    is_long = notice == LongConversation.notice
    return AnswerView(
        html=html_of(text),
        text=text,
        language=language,
        answered_by=answer.answered_by,
        answered_at=answered_at,
        citations=answer.citations,
        suggestions=answer.suggestions,
        notice=notice,
        offer_human=answer.answered_by == "handoff" or answer.notice == OUTDATED or is_long,
        unhelped=answer.offers_human,
        anew_url=home_url() if is_long else None,
    )


def html_of(text: str) -> Markup:
    """Markdown as safe HTML; only the site's own hosts may be linked."""
    return markdown.render(text, allowed_hosts(current_parts()))


def allowed_hosts(parts: Parts) -> frozenset[str]:
    """Where links of an answer may lead: this site, and the addresses that the operator has set or written into topics."""
    addresses = (
        parts.settings.contact_booking_url,
        parts.contact.whatsapp_href,
        *parts.linked_addresses,
        *parts.settings.embed_origins,
    )
    return _hosts_of(addresses, request.host)


@lru_cache(maxsize=32)
def _hosts_of(addresses: tuple[str | None, ...], own: str) -> frozenset[str]:
    return frozenset(host for host in (*(urlsplit(address).netloc for address in addresses if address), own) if host)


def own_words(question: Question, text: str) -> str:
    """Placeholders back to what this visitor typed, for this visitor's page alone; nothing behind the guard knows it."""
    return restore(text, question.personal)


def contact_view(contact: ContactDetails, now: datetime, conversation: str | None = None) -> ContactView:
    """How to reach a human; with `conversation`, a signed reference, the form offers to attach it to the message."""
    return ContactView(
        form_url=url_for("contact.page", conversation=conversation, **_chosen_language()),
        hours=_hours_in_words(contact.hours, current_parts().sentences(page_locale())),
        open_now=contact.open_at(now),
        phone=contact.phone,
        phone_href=contact.phone_href,
        whatsapp=contact.whatsapp,
        whatsapp_href=contact.whatsapp_href,
        email=contact.email,
        email_href=contact.email_href,
        address=contact.address,
        booking_url=contact.booking_url,
    )


@lru_cache(maxsize=8)
def _hours_in_words(hours: OpeningHours, say: Say) -> str:
    return hours.in_words(say)


def _turn_view(parts: Parts, turn: Turn, answer: Answer) -> ExchangeView:
    shown = answer_view(parts, answer.text, answer, turn.language, turn.answered_at or turn.asked_at)
    feedback = feedback_view(turn.id, answer.answered_by, turn.vote)
    return ExchangeView(turn.id, turn.question, turn.language, turn.asked_at, shown, feedback)
