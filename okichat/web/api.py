"""The chat for programs: JSON in, JSON or a stream of events out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from werkzeug.exceptions import UnsupportedMediaType

from okichat.answer import Answer, Delta, Event, Restart, closable, last_answer
from okichat.question import Question
from okichat.web import presenter, sse
from okichat.web.htmx import wants_stream
from okichat.web.limits import QUESTIONS, within_limit
from okichat.web.parts import current_parts

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.post("/chat")
def chat() -> ResponseReturnValue:
    """Answer one question; see openapi.json."""
    from okichat.web.schemas import posted_question  # slow to import, and no page needs it; the upkeep does it beside

    parts = current_parts()
    _demand_json()
    question = posted_question(request, "json")
    with within_limit(parts.limiter, parts.question_limit, QUESTIONS):
        question, events = parts.assistant.take(question)
    if wants_stream(request):
        return sse.stream(_messages(question, events))
    response = jsonify(reply(question, last_answer(events)))
    response.headers["Vary"] = "Accept"
    return response


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """What the API takes and gives, as OpenAPI 3.1."""
    from okichat.web.openapi import describe_api

    return jsonify({**describe_api(), "servers": [{"url": request.root_path or "/"}]})


def reply(question: Question, answer: Answer) -> dict[str, Any]:
    """The JSON of one answer."""
    usage = answer.usage
    return {
        "response": presenter.own_words(question, _text_with_contact(question, answer)),
        "source": "gpt" if answer.by_gpt else "fallback",
        "answered_by": answer.answered_by,
        "topics": list(answer.topics),
        "sources": [{"topic": c.topic, "title": c.title, "link": c.link} for c in answer.citations],
        "notice": _notice(question, answer),
        "tokens": usage.tokens if usage else 0,
        "cost_usd": usage.cost_usd if usage else 0.0,
        "conversation": current_parts().references.sign(question.conversation),
        "request_id": question.id,
    }


def _demand_json() -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType


def _notice(question: Question, answer: Answer) -> str | None:
    if answer.notice is None:
        return None
    with force_locale(question.language):
        return str(gettext(f"notice.{answer.notice}"))


def _text_with_contact(question: Question, answer: Answer) -> str:
    """A page shows the contact card under a hand-off; here the ways to a human are part of the text."""
    if answer.answered_by != "handoff":
        return answer.text
    with force_locale(question.language):
        contact = presenter.contact_view(current_parts().contact, current_parts().clock.now())
        ways = [
            (gettext("contact.phone"), contact.phone),
            (gettext("contact.whatsapp"), contact.whatsapp),
            (gettext("contact.email"), contact.email),
            (gettext("contact.form"), f"{request.host_url.rstrip('/')}{contact.form_url}"),
        ]
        lines = [gettext("contact.way", label=label, value=value) for label, value in ways if value]
    return "\n".join([answer.text, "", *(f"- {line}" for line in lines)])


def _messages(question: Question, events: Iterator[Event]) -> Iterator[str]:
    """`delta` and `restart` events as they come, `answer` with the whole reply at the end."""
    with closing(closable(events)) as passing:
        for event in passing:
            if isinstance(event, Answer):
                yield sse.message(_json(reply(question, event)), "answer")
            elif isinstance(event, Restart):
                yield sse.message(_json({"reason": event.reason}), "restart")
            elif isinstance(event, Delta) and event.text:
                yield sse.message(_json({"text": event.text}), "delta")
            else:
                yield sse.HEARTBEAT


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)
