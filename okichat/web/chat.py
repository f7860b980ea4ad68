"""The chat page and its form: streamed where the browser can, else one fragment, else the whole page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from okichat.answer import Answer, Delta, Event, Restart, closable, last_answer
from okichat.errors import Refusal
from okichat.guard.redaction import kinds_of
from okichat.question import Question
from okichat.web import presenter, sse
from okichat.web.contexts import ExchangeView
from okichat.web.errors import explain
from okichat.web.frame import page_template
from okichat.web.front import asked_before, values_of
from okichat.web.htmx import is_htmx, wants_stream
from okichat.web.limits import QUESTIONS, within_limit
from okichat.web.locale import page_locale, page_reader
from okichat.web.markdown import BlockSplitter
from okichat.web.moulds import Values, cast
from okichat.web.parts import current_parts
from okichat.web.prepared import Lesson, look_of
from okichat.web.privacy import privacy_page_view

blueprint = Blueprint("chat", __name__)


@blueprint.get("/")
def page() -> str:
    """The chat, with nothing asked yet."""
    return render_template("chat/page.html", page=presenter.page_view())


@blueprint.get("/confidentialite")
def privacy() -> str:
    """What becomes of what a visitor writes: in the firm's words, and by the settings of this site."""
    return render_template("chat/privacy.html", page=privacy_page_view())


@blueprint.post("/chat")
def answer() -> ResponseReturnValue:
    """Answer the posted question."""
    from okichat.web.schemas import posted_question  # slow to import, and no page needs it; the upkeep does it beside

    if asked := asked_before():
        return _fragment(*asked)
    parts = current_parts()
    question = posted_question(request, "form")
    with within_limit(parts.limiter, parts.question_limit, QUESTIONS):
        question, events = parts.assistant.take(question)
    if not is_htmx(request):
        return _whole_page(question, last_answer(events))
    if wants_stream(request):
        return sse.stream(_messages(question, events))
    return _fragment(question, last_answer(events))


@blueprint.errorhandler(Refusal)
def refuse(refusal: Refusal) -> ResponseReturnValue:
    """Say why, and keep what the visitor typed."""
    if request.method != "POST":
        return explain(refusal)
    parts, sent, why = current_parts(), _sent_form(), presenter.refusal_view(refusal)
    conversation = parts.references.read(sent.get("conversation"))
    form = presenter.form_view(conversation, sent.get("question", ""))
    if is_htmx(request):
        contact = presenter.contact_view(parts.contact, parts.clock.now(), form.conversation)
        html = render_template("chat/refused.html", refusal=why, form=form, contact=contact)
    else:
        thread = presenter.thread_view(conversation) if conversation else ()
        html = render_template(page_template(), page=presenter.page_view(thread, form, why))
    return html, refusal.status, {"Vary": "HX-Request"}


def _sent_form() -> Mapping[str, str]:
    try:
        return request.form
    except HTTPException:  # refused before anybody looked into the form, which is broken or too large
        return {}


def _whole_page(question: Question, answer: Answer) -> str:
    newest = presenter.exchange_view(question, answer, current_parts().clock.now())
    earlier = (exchange for exchange in presenter.thread_view(question.conversation) if exchange.id != newest.id)
    form = presenter.form_view(question.conversation)
    return render_template(page_template(), page=presenter.page_view((*earlier, newest), form))


def _fragment(question: Question, answer: Answer) -> Response:
    parts = current_parts()
    values = values_of(parts, question, presenter.own_words(question, question.text))
    render = partial(_render_fragment, question, answer, parts.clock.now())
    html = render(values)
    if lesson := Lesson.of(request.environ):
        reader = page_reader()
        lesson.teach(look_of(parts, question, answer), page_locale(), lambda: cast(render, values, html, reader))
    response = make_response(html)
    response.headers["Vary"] = "Accept, HX-Request"
    return response


def _render_fragment(question: Question, answer: Answer, now: datetime, values: Values) -> str:
    parts = current_parts()
    text = presenter.own_words(question, answer.text)
    shown = presenter.answer_view(parts, text, answer, question.language, values.at)
    feedback = presenter.feedback_view(values.id, answer.answered_by)
    return render_template(
        "chat/fragment.html",
        exchange=ExchangeView(
            values.id, values.question, question.language, values.at, shown, feedback, kinds_of(question.personal)
        ),
        form=replace(presenter.form_view(), request_key=values.request_key, conversation=values.conversation),
        mode=parts.mode,
        contact=presenter.contact_view(parts.contact, now, values.conversation),
    )


def _messages(question: Question, events: Iterator[Event]) -> Iterator[str]:
    """The exchange as messages of partials: the question at once, the answer as it grows, at the end the finished answer."""
    parts = current_parts()
    asked_at = parts.clock.now()
    form = presenter.form_view(question.conversation)
    pending = presenter.pending_view(question, asked_at)
    contact = presenter.contact_view(parts.contact, asked_at, form.conversation)
    yield sse.message(render_template("chat/stream/begin.html", exchange=pending, form=form, contact=contact))
    splitter = BlockSplitter()
    with closing(closable(events)) as passing:
        for event in passing:
            if isinstance(event, Answer):
                exchange = presenter.exchange_view(question, event, asked_at)
                yield sse.message(
                    render_template("chat/stream/end.html", exchange=exchange, mode=parts.mode, contact=contact)
                )
            elif isinstance(event, Restart):
                splitter = BlockSplitter()
                yield sse.message(render_template("chat/stream/restart.html", exchange_id=question.id))
            else:
                yield from _growth(question, event, splitter)


def _growth(question: Question, delta: Delta, splitter: BlockSplitter) -> Iterator[str]:
    if not delta.text:
        yield sse.HEARTBEAT
        return
    is_new_block = not splitter.rest().strip()
    finished = list(splitter.feed(delta.text))
    if not finished:
        words = escape(delta.text.lstrip("\n") if is_new_block else delta.text)
        yield sse.message(
            f'<hx-partial hx-target="#answer-{question.id} .live" hx-swap="beforeend">{words}</hx-partial>'
        )
        return
    html = presenter.html_of(presenter.own_words(question, "\n\n".join(finished)))
    yield sse.message(
        render_template("chat/stream/block.html", exchange_id=question.id, html=html, rest=splitter.rest().lstrip("\n"))
    )
