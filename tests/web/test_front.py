"""Replies that go out before Flask: nobody can tell them from Flask's, and what is not quite usual goes to Flask."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import TestResponse

from okichat import create_app
from okichat.content import folder
from okichat.conversations.turns import Turn
from okichat.errors import Spam
from okichat.guard.admission import Guard
from okichat.settings import Settings
from okichat.web.front import Front
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOURS = "Quels sont vos horaires ?"
SAME_SITE = {**FRAGMENT, "Sec-Fetch-Site": "same-origin"}
_NOT_THE_SAME = ("Content-Length", "X-RateLimit-Reset", "Retry-After")


class Twins:
    """Two apps of the same settings and secret, each with its own store; the second one has nothing before Flask."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.clock = StoppedClock()
        limits = {"OKICHAT_RATE_LIMIT": "1000 per minute", "OKICHAT_DAILY_LIMIT": "1000 per day"}
        base = {"SECRET_KEY": "k" * 40, **limits, "OKICHAT_FIRST_TOKEN_S": "100", "OKICHAT_DEADLINE_S": "120"}
        self.front, self.plain = (
            Site({**base, "DATABASE_URL": f"sqlite:///{folder / name}.db", **settings}, self.clock) for name in "ab"
        )
        self.seen_by_flask: list[str] = []
        self._count_what_flask_sees(self.front)
        self.plain.app.wsgi_app = type(self.plain.app).wsgi_app.__get__(self.plain.app)  # type: ignore[method-assign]

    def close(self) -> None:
        """Give everything back."""
        for site in (self.front, self.plain):
            site.close()

    def _count_what_flask_sees(self, site: Site) -> None:
        front = site.app.wsgi_app
        assert isinstance(front, Front)
        flask = front._flask

        def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self.seen_by_flask.append(environ["PATH_INFO"])
            return flask(environ, start_response)

        front._flask = counted

    def ask(self, question: str, headers: dict[str, str], query: str = "", **fields: str) -> list[TestResponse]:
        """The replies of both to the same request."""
        data = {"question": question, "request_key": secrets.token_hex(8), **fields}
        return [
            site.client.post(f"/chat{query}", data=data, headers=headers, buffered=True)
            for site in (self.front, self.plain)
        ]


OpenTwins = Callable[..., Twins]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """One pair for all tests that need no settings of their own; each asks with keys of its own."""
    twins = Twins(tmp_path_factory.mktemp("twins"))
    yield twins
    twins.close()


@pytest.fixture
def open_twins(tmp_path: Path) -> Iterator[OpenTwins]:
    """Opens pairs with settings of their own."""
    opened: list[Twins] = []

    def open_pair(**settings: str) -> Twins:
        opened.append(Twins(tmp_path, **settings))
        return opened[-1]

    yield open_pair
    for pair in opened:
        pair.close()


def alike(reply: TestResponse) -> tuple[str, list[tuple[str, str]]]:
    """The reply without what is random in it, the key of the next submission, and without the seconds of the limit."""
    key = re.search(r'name="request_key" value="([^"]+)"', text := _text(reply))
    headers = [(name, "" if name in _NOT_THE_SAME else value) for name, value in reply.headers]
    return text.replace(key[1], "KEY") if key else text, headers


def _text(reply: TestResponse) -> str:
    if reply.headers.get("Content-Encoding") == "br":
        import brotli

        return str(brotli.decompress(reply.data).decode())
    return reply.text


@pytest.mark.parametrize("question", [HOURS, "bonjour", 'Qui a gagné la coupe du monde <1998> & "après" ?', "x" * 400])
@pytest.mark.parametrize(
    ("more", "query"),
    [
        ({}, ""),
        ({"Accept-Encoding": "gzip;q=0.5, br", "Accept-Language": "en-US,en;q=0.9"}, ""),
        ({}, "?frame=widget"),
        ({}, "?lang=en"),
    ],
)
def test_nobody_can_tell(twins: Twins, question: str, more: dict[str, str], query: str) -> None:
    headers = SAME_SITE | more
    first = twins.ask(question, headers, query)
    twins.clock.forward(seconds=100)
    seen = len(twins.seen_by_flask)

    second = twins.ask(question, headers, query)

    assert len(twins.seen_by_flask) == seen
    for ours, theirs in (first, second):
        assert ours.status == theirs.status == "200 OK"
        assert alike(ours) == alike(theirs)
        assert len(ours.data) == ours.content_length


def test_nobody_can_tell_a_prepared_answer_of_the_model(open_twins: OpenTwins, model: OpenAIServer) -> None:
    twins = open_twins(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)
    for _ in range(3):
        replies = twins.ask(HOURS, SAME_SITE)

        assert alike(replies[0]) == alike(replies[1])
    assert len(model.requests) == 2  # one for each twin
    assert len(twins.seen_by_flask) == 2


def test_a_follow_up_is_answered_in_its_conversation(twins: Twins) -> None:
    for _ in range(3):
        reply = twins.ask(HOURS, SAME_SITE)[0]
        conversation = _conversation(reply)
        ours, theirs = twins.ask("Et le samedi ?", SAME_SITE, conversation=conversation)

        assert alike(ours)[1] == alike(theirs)[1]
        assert _conversation(ours) == conversation
        assert [turn.question for turn in _thread(twins, reply)] == [HOURS, "Et le samedi ?"]


def test_a_repeated_submission_is_answered_once(twins: Twins) -> None:
    twins.ask(HOURS, SAME_SITE)
    first, _ = twins.ask(HOURS, SAME_SITE, request_key="of-one-form-only")
    again, _ = twins.ask(HOURS, SAME_SITE, request_key="of-one-form-only")

    assert alike(first)[0] == alike(again)[0]
    assert len(_thread(twins, again)) == 1


def test_the_limit_counts_each_question_once(open_twins: OpenTwins) -> None:
    twins = open_twins(OKICHAT_RATE_LIMIT="4 per hour", OKICHAT_DAILY_LIMIT="6 per day")

    replies = [twins.ask(HOURS, SAME_SITE) for _ in range(6)]

    assert [ours.status_code for ours, _ in replies] == [200] * 4 + [429] * 2
    assert [ours.headers["X-RateLimit-Remaining"] for ours, _ in replies] == ["3", "2", "1", "0", "0", "0"]
    assert all(alike(ours) == alike(theirs) for ours, theirs in replies)


def test_personal_data_is_shown_to_its_visitor_alone(twins: Twins) -> None:
    for name in ("jean", "anne", "luc"):
        ours, theirs = twins.ask(f"{HOURS} Mon adresse est {name}@example.fr", SAME_SITE)

        assert alike(ours) == alike(theirs)
        assert f"{name}@example.fr" in ours.text


@pytest.mark.parametrize(
    "unusual",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"},
        {"Content-Type": "text/plain"},
        {"Host": "elsewhere.example"},
        STREAMING,
        {"HX-Request": "false"},
    ],
)
def test_another_kind_of_request_is_looked_at_by_flask(twins: Twins, unusual: dict[str, str]) -> None:
    twins.ask(HOURS, SAME_SITE)
    seen = len(twins.seen_by_flask)

    ours, theirs = twins.ask(HOURS, SAME_SITE | unusual)

    assert len(twins.seen_by_flask) == seen + 1
    assert ours.status == theirs.status
    assert alike(ours) == alike(theirs)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "question=",
        "question=" + "x" * 501,
        "question=a&request_key=short",
        "question=%FF%FE",
        "locale=xx&question=a",
        "question=" + "%C3%A9" * 3000,
    ],
)
def test_an_unusual_form_is_looked_at_by_flask(twins: Twins, body: str) -> None:
    twins.ask(HOURS, SAME_SITE)
    headers = SAME_SITE | {"Content-Type": "application/x-www-form-urlencoded"}

    ours, theirs = (site.client.post("/chat", data=body, headers=headers) for site in (twins.front, twins.plain))

    assert ours.status == theirs.status
    assert ours.status_code != 500


def test_a_form_with_its_hidden_field_filled_in_is_looked_at_by_flask(twins: Twins) -> None:
    twins.ask(HOURS, SAME_SITE, website="")
    seen = len(twins.seen_by_flask)

    first, second = (twins.ask(HOURS, SAME_SITE, website=filled) for filled in ("", "https://casino.example"))

    assert len(twins.seen_by_flask) == seen + 1
    assert all(alike(ours) == alike(theirs) for ours, theirs in (first, second))


@pytest.mark.parametrize("raised", [ZeroDivisionError, Spam(60)])
def test_what_comes_instead_of_an_answer_is_explained_by_flask(
    twins: Twins, raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def admit(*_: object) -> None:
        raise raised

    twins.ask(HOURS, SAME_SITE)
    monkeypatch.setattr(Guard, "admit", admit)

    ours, theirs = twins.ask(HOURS, SAME_SITE)

    assert ours.status == theirs.status
    assert ours.status_code in (429, 500)
    assert alike(ours) == alike(theirs)


def test_a_template_that_does_more_than_print_is_rendered_each_time(open_twins: OpenTwins, tmp_path: Path) -> None:
    own = tmp_path / "templates" / "chat"
    own.mkdir(parents=True)
    shipped = (folder("templates") / "chat" / "_exchange.html").read_text()
    (own / "_exchange.html").write_text(f"{shipped}<li>{{{{ exchange.question|length }}}}</li>")
    twins = open_twins(OKICHAT_TEMPLATES=str(own.parent))

    for question in (HOURS, HOURS.replace(" ?", "  ?"), HOURS.upper()):
        ours, theirs = twins.ask(question, SAME_SITE)

        assert alike(ours) == alike(theirs)
    assert len(twins.seen_by_flask) == 3


def test_whatever_looks_at_requests_before_the_views_is_known_here(tmp_path: Path) -> None:
    """A new one belongs on this list when it looks at nothing but prepared.py's kind of a request, or acts on no question."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/okichat.db"))
    hooks = {f"{hook.__module__}.{hook.__qualname__}" for hook in app.before_request_funcs[None]}

    assert (
        hooks
        == {
            "okichat.web.limits._Limiter._check_request_limit",  # there are no limits of routes
            "okichat.web.origin.refuse_cross_site_posts.<locals>.check",  # Sec-Fetch-Site, Origin and Host are part of the kind
            "okichat.upkeep.Upkeep.start",  # a reply is prepared by an earlier request of the same process
        }
    )


def _conversation(reply: TestResponse) -> str:
    found = re.search(r'name="conversation" value="([^"]+)"', reply.text)
    assert found
    return found[1]


def _thread(twins: Twins, reply: TestResponse) -> tuple[Turn, ...]:
    parts = twins.front.parts
    return parts.turns.thread(parts.references.read(_conversation(reply)) or "")
