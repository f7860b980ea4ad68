"""What a client may send, in one schema for form and JSON, and how it becomes a Question."""

from __future__ import annotations

from typing import Any

from flask import Request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from okichat.conversations.request_keys import KEY_CHARS
from okichat.errors import EmptyQuestion, MalformedQuestion, Refusal
from okichat.language import LANGUAGES
from okichat.question import MAX_QUESTION_CHARS, Question
from okichat.web.contexts import TRAP
from okichat.web.limits import visitor_address
from okichat.web.locale import page_locale
from okichat.web.parts import current_parts


class QuestionSchema(Schema):
    """A posted question."""

    class Meta:
        unknown = EXCLUDE  # what a client sends beside it does no harm

    question = fields.String(
        required=True,
        metadata={
            "description": f"What the visitor asks, 1 to {MAX_QUESTION_CHARS} characters.",
            "minLength": 1,
            "maxLength": MAX_QUESTION_CHARS,
            "example": "Quels sont vos services ?",
        },
    )
    conversation = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The signed reference that an earlier answer of the same conversation carried. "
            "One we did not sign begins a new one."
        },
    )
    locale = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(LANGUAGES),
        metadata={"description": "Language of the answer where the question itself does not tell."},
    )
    request_key = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(*KEY_CHARS),
        metadata={
            "description": "Random, and the same for every repetition of one submission: it is answered, and paid, once."
        },
    )


class _Parser(FlaskParser):
    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> Any:
        raise _refusal(error.messages_dict) from error


_parser = _Parser()
_schema = QuestionSchema()


def posted_question(request: Request, location: str) -> Question:
    """The Question in the form or the JSON body of this request. Raises Refusal."""
    parts = current_parts()
    try:
        sent: dict[str, Any] = _parser.parse(_schema, request, location=location, unknown=None)
    except BadRequest as error:  # JSON that is none
        raise MalformedQuestion from error
    return Question.from_text(
        sent["question"],
        locale=sent["locale"] or page_locale(),
        conversation=parts.references.read(sent["conversation"]),
        request_key=sent["request_key"] or None,
        comes_first=parts.request_keys.comes_first(sent["request_key"]),
        visitor=parts.visitors.name(visitor_address()),
        trapped=location == "form" and bool(request.form.get(TRAP)),
    )


def _refusal(messages: dict[str, Any]) -> Refusal:
    """A missing question is an empty one; everything else of the wrong kind is malformed."""
    by_field = messages.get("json") or messages.get("form") or messages
    missing = [_schema.fields["question"].error_messages["required"]]
    return EmptyQuestion() if by_field == {"question": missing} else MalformedQuestion()
