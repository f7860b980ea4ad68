"""The API's description, made from the same schema that checks what comes in."""

from __future__ import annotations

from functools import cache
from typing import Any

from okichat.answer import RUNGS
from okichat.web.schemas import QuestionSchema

_ERRORS = {
    "400": "The question is missing, empty, too long or no text, or the body is no JSON.",
    "403": "A post that another site made the browser send.",
    "413": "The body is larger than 16 KiB.",
    "415": "The body is not JSON in UTF-8.",
    "429": "Too many questions; `Retry-After` says in how many seconds the next one is taken.",
}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_REPLY = {
    "type": "object",
    "properties": {
        "response": {"type": "string", "description": "The answer, as Markdown."},
        "source": {"type": "string", "enum": ["gpt", "fallback"], "description": "`gpt` when GPT wrote the words."},
        "answered_by": {"type": "string", "enum": list(RUNGS)},
        "topics": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Best first; empty when out of the firm's field.",
        },
        "sources": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"topic": {"type": "string"}, "title": {"type": "string"}, "link": _NULLABLE_TEXT},
                "required": ["topic", "title", "link"],
            },
        },
        "notice": {**_NULLABLE_TEXT, "description": "Why the mode is degraded, for the visitor."},
        "tokens": {"type": "integer", "minimum": 0},
        "cost_usd": {"type": "number", "minimum": 0},
        "conversation": {"type": "string", "description": "Send it with the next question of the same conversation."},
        "request_id": {"type": "string"},
    },
}
_REPLY["required"] = list(_REPLY["properties"])
_NEXT = {
    "operationId": "chat",
    "requestBody": {"conversation": "$response.body#/conversation"},
    "description": "The next question of the same conversation.",
}
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
    "required": ["error", "code"],
}


@cache
def describe_api() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    from apispec import APISpec  # only the description needs it, and it is asked for rarely
    from apispec.ext.marshmallow import MarshmallowPlugin

    spec = APISpec(
        "Okichat",
        "1",
        "3.1.0",
        plugins=[MarshmallowPlugin()],
        info={"description": "Ask the firm's assistant a question."},
    )
    spec.components.schema("Question", schema=QuestionSchema)
    spec.components.schema("Answer", _REPLY)
    spec.components.schema("Error", _ERROR)
    answered = {
        "description": "The answer. With `Accept: text/event-stream`, events `delta`, `restart` and at last `answer`, "
        "which holds this object.",
        "content": {"application/json": {"schema": "Answer"}, "text/event-stream": {"schema": {"type": "string"}}},
        "links": {"next": _NEXT},
    }
    refused = {
        status: {"description": why, "content": {"application/json": {"schema": "Error"}}}
        for status, why in _ERRORS.items()
    }
    refused["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    spec.path(
        "/api/chat",
        operations={
            "post": {
                "operationId": "chat",
                "summary": "Answer one question",
                "requestBody": {"required": True, "content": {"application/json": {"schema": "Question"}}},
                "responses": {"200": answered, **refused},
            }
        },
    )
    return dict(spec.to_dict())
