"""Replies that are ready but for what belongs to one question, learned from replies of Flask's."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from okichat.answer import Answer
from okichat.question import Question
from okichat.web.moulds import Mould
from okichat.web.parts import Parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MOST_KINDS, _MOST_REPLIES = 256, 256  # of some hundred bytes, and of some kilobytes each
_LESSON = "okichat.lesson"
# All of a request but its body that a reply depends on; no view and no hook looks at what else a browser sends.
_KIND_OF_REQUEST = (
    "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "HTTP_HOST", "HTTP_HX_REQUEST",
    "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING", "HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE",
)  # fmt: skip

Kind = tuple[str | None, ...]
Look = tuple[object, ...]
Headers = list[tuple[str, str]]


def kind_of(environ: WSGIEnvironment) -> Kind:
    """What two requests have in common that get the same reply to the same question."""
    return tuple(map(environ.get, _KIND_OF_REQUEST))


def look_of(parts: Parts, question: Question, answer: Answer) -> Look | None:
    """What two fragments have in common that differ in their Values alone; None for one that will hardly come again."""
    if question.personal or answer.usage is not None or answer.answered_by == "gpt":
        return None
    shown = (
        answer.text, answer.answered_by, answer.citations, answer.suggestions,
        answer.notice, answer.notice_told, answer.offers_human,
    )  # fmt: skip
    return question.language, shown, parts.mode, parts.contact.open_at(parts.clock.now())


@dataclass(frozen=True, slots=True)
class Prepared:
    """One reply. `headers` are those of the reply that it was learned from."""

    mould: Mould
    headers: Headers

    @property
    def encoding(self) -> str | None:
        """How its body is compressed."""
        return next((value for name, value in self.headers if name == "Content-Encoding"), None)


class PreparedReplies:
    """Those that were learned last, by kind of request and look of the fragment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locales: OrderedDict[Kind, str] = OrderedDict()
        self._replies: OrderedDict[tuple[Kind, Look], Prepared | None] = OrderedDict()

    def locale_of(self, kind: Kind) -> str | None:
        """The page's language in requests of this kind; None for a kind to which Flask has not yet given a fragment."""
        return self._locales.get(kind)

    def find(self, kind: Kind, look: Look) -> Prepared | None:
        """The reply, if it is ready."""
        return self._replies.get((kind, look))

    def knows(self, kind: Kind, look: Look) -> bool:
        """Whether the reply is ready, or cannot be made ready."""
        return (kind, look) in self._replies

    def keep(self, kind: Kind, look: Look, locale: str, reply: Prepared | None) -> None:
        """Remember a reply; None for one that no mould fits."""
        with self._lock:
            self._locales[kind] = locale
            self._replies[kind, look] = reply
            for kept, most in ((self._locales, _MOST_KINDS), (self._replies, _MOST_REPLIES)):
                if len(kept) > most:
                    kept.popitem(last=False)


class Lesson:
    """What one reply of Flask's teaches. The view tells the mould of its fragment, the server is told the headers."""

    def __init__(self, replies: PreparedReplies, environ: WSGIEnvironment) -> None:
        self._replies = replies
        self._kind = kind_of(environ)
        self._taught: tuple[Look, str, Mould | None] | None = None
        environ[_LESSON] = self

    @staticmethod
    def of(environ: WSGIEnvironment) -> Lesson | None:
        """The lesson that this request is; None for none."""
        return environ.get(_LESSON)

    def teach(self, look: Look | None, locale: str, cast: Callable[[], Mould | None]) -> None:
        """The look of the fragment, the page's language, and what casts the mould, if it is not known yet."""
        if look is not None and not self._replies.knows(self._kind, look):
            self._taught = look, locale, cast()

    def listening(self, start_response: StartResponse) -> Callable[..., Any]:
        """`start_response` that also learns the headers."""

        def listen(status: str, headers: Headers, *error: Any) -> Any:
            is_whole = status.startswith("200 ") and not any(name == "Set-Cookie" for name, _ in headers)
            if self._taught and is_whole:
                look, locale, mould = self._taught
                reply = Prepared(mould, list(headers)) if mould else None
                self._replies.keep(self._kind, look, locale, reply)
            return start_response(status, headers, *error)

        return listen
