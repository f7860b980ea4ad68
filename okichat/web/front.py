"""Before Flask: a posted question is asked at once, and where its reply is prepared, it goes out from here.

Nothing is decided here. The question passes the same guard, limit, conversation and cache as in the view, and the reply,
headers included, was learned from one that Flask gave to a request of the very same kind. Everything else goes to Flask,
whose view takes up a question that has been asked already where it stands: see chat.answer."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Flask, request
from flask_compress.flask_compress import _compress_data

from okichat.answer import Answer, last_answer
from okichat.conversations.request_keys import KEY_CHARS
from okichat.errors import Refusal
from okichat.question import Question
from okichat.web.contexts import TRAP
from okichat.web.counts import Counts
from okichat.web.limits import QUESTIONS, Counted, address_of, count_in_memory
from okichat.web.moulds import Values
from okichat.web.parts import EXTENSION, Parts
from okichat.web.prepared import Headers, Lesson, PreparedReplies, kind_of, look_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ASKED = "okichat.asked"
_PATH = "/chat"
_SHORTEST_KEY, _LONGEST_KEY = KEY_CHARS
_MOST_BODY_BYTES = 8192
_MOST_FIELDS = 50


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """A question that was counted and asked before Flask: its answer, or what the view has to raise instead."""

    counted: Counted
    question: Question
    outcome: Answer | Exception


class Front:
    """The application as the server calls it."""

    def __init__(self, app: Flask) -> None:
        """In front of `app`, which has its parts, and in which nothing believes a proxy yet: that comes before this."""
        self._flask: WSGIApplication = app.wsgi_app
        self._app = app
        self._parts: Parts = app.extensions[EXTENSION]
        self._replies = PreparedReplies()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        if environ["PATH_INFO"] != _PATH or environ["REQUEST_METHOD"] != "POST":
            return self._flask(environ, start_response)
        asked = self._ask(environ)
        if asked and (reply := self._reply(environ, asked)):
            headers, body = reply
            start_response("200 OK", headers)
            return [body]
        return self._flask(environ, Lesson(self._replies, environ).listening(start_response))

    def _ask(self, environ: WSGIEnvironment) -> AskedBefore | None:
        """Count and ask the question; None, and then nothing has happened, for what Flask has to look at first."""
        parts = self._parts
        locale = self._replies.locale_of(kind_of(environ))
        if locale is None or not isinstance(counts := parts.limiter.storage, Counts):
            return None
        address = address_of(environ.get("REMOTE_ADDR"))
        question = self._question(_form(environ), locale, address)
        if question is None:
            return None
        counted = count_in_memory(counts, parts.question_limit, QUESTIONS, address)
        outcome = (
            self._asked(question, counted) if counted.allowed else AskedBefore(counted, question, counted.refusal())
        )
        environ[_ASKED] = outcome
        return outcome

    def _question(self, form: dict[str, str], locale: str, address: str) -> Question | None:
        request_key = form.get("request_key")
        if (
            "question" not in form
            or "locale" in form
            or form.get(TRAP)
            or (request_key is not None and not _SHORTEST_KEY <= len(request_key) <= _LONGEST_KEY)
        ):
            return None
        try:
            return Question.from_text(
                form["question"],
                locale=locale,
                conversation=self._parts.references.read(form.get("conversation")),
                request_key=request_key,
                comes_first=self._parts.request_keys.comes_first(request_key),
                visitor=self._parts.visitors.name(address),
            )
        except Refusal:
            return None

    def _asked(self, question: Question, counted: Counted) -> AskedBefore:
        try:
            question, events = self._parts.assistant.take(question)
            return AskedBefore(counted, question, last_answer(events))
        except Exception as error:  # raised again by the view: there it is explained like any other
            return AskedBefore(counted, question, error)

    def _reply(self, environ: WSGIEnvironment, asked: AskedBefore) -> tuple[Headers, bytes] | None:
        if isinstance(asked.outcome, Exception):
            return None
        look = look_of(self._parts, asked.question, asked.outcome)
        prepared = look and self._replies.find(kind_of(environ), look)
        if not prepared:
            return None
        body = prepared.mould.pour(values_of(self._parts, asked.question, asked.question.text)).encode()
        if prepared.encoding:
            body = _compress_data(self._app, body, prepared.encoding)
        changing = dict(asked.counted.headers(), **{"Content-Length": str(len(body))})
        return [(name, changing.get(name, value)) for name, value in prepared.headers], body


def asked_before() -> tuple[Question, Answer] | None:
    """For the view: the question of this request and its answer, if it was asked before Flask. Raises what came instead."""
    asked: AskedBefore | None = request.environ.get(_ASKED)
    if asked is None:
        return None
    asked.counted.tell()
    if isinstance(asked.outcome, Exception):
        raise asked.outcome
    return asked.question, asked.outcome


def values_of(parts: Parts, question: Question, own_words: str) -> Values:
    """What the fragment of this question has for itself; `own_words` are those of its visitor."""
    return Values(
        own_words,
        question.id,
        parts.references.sign(question.conversation),
        parts.request_keys.new(),
        parts.clock.now().astimezone(parts.contact.timezone),
    )


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    """The fields, the first of each name; none of what is too long, or is no plain text. The body can be read again."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or int(length) > _MOST_BODY_BYTES or "HTTP_TRANSFER_ENCODING" in environ:
        return {}
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    try:
        fields = parse_qsl(body.decode("ascii"), True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return dict(reversed(fields))
