"""What Sentry hears of a defect: kind and place. Nothing of the visitor, the machine or the settings."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from email.message import Message

import brotli
import pytest
from flask import request

from okichat.answer import Event
from okichat.knowledge.findings import Findings
from okichat.question import Question
from okichat.sources.local import Local
from tests.doubles.loopback import LoopbackHost
from tests.site import Site
from tests.waiting import PATIENCE_S

PLANTED = (
    "planted question about my divorce",
    "sk-planted-key-123456",
    "203.0.113.77",
    "planted-agent",
    "planted-cookie",
)


class SentryHost(LoopbackHost):
    """Takes what a Sentry client sends; `received` has each request, head and unpacked body, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[str] = []
        self.dsn = f"http://public@{self.address}/7"

    def take(self, path: str, headers: Message, body: bytes) -> int:
        """Keep it."""
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(headers.get("Content-Encoding", ""), bytes)
        self.received.append(f"{path}\n{headers}\n{unpack(body).decode()}")
        return 200


@pytest.fixture
def sentry() -> Iterator[SentryHost]:
    with SentryHost() as host:
        yield host


def ask_everything(site: Site) -> int:
    """A question with something private in every corner of the request."""
    headers = {"User-Agent": PLANTED[3], "Cookie": f"session={PLANTED[4]}", "X-Forwarded-For": PLANTED[2]}
    return site.client.post(
        f"/api/chat?from={PLANTED[2]}",
        json={"question": PLANTED[0]},
        headers=headers,
        environ_base={"REMOTE_ADDR": PLANTED[2]},
    ).status_code


@pytest.fixture
def broken_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The knowledge base's source fails with the visitor's words in the error and in its variables."""

    def fail(_source: Local, question: Question, findings: Findings) -> Iterator[Event]:
        words = question.text
        raise RuntimeError(f"cannot answer {words!r} with {PLANTED[1]}")

    monkeypatch.setattr(Local, "answer", fail)


@pytest.mark.usefixtures("broken_source")
def test_a_defect_of_a_source_arrives_without_anything_private_and_the_visitor_is_answered(
    open_site: Callable[..., Site], sentry: SentryHost
) -> None:
    site = open_site(SENTRY_DSN=sentry.dsn, OPENAI_API_KEY=PLANTED[1], OPENAI_BASE_URL="http://127.0.0.1:9/v1")

    assert ask_everything(site) == 200

    assert sentry.arrived.wait(PATIENCE_S)
    heard = "\n".join(sentry.received)
    assert '"type":"RuntimeError"' in heard.replace(": ", ":")
    assert "test_sentry.py" in heard
    assert "fail" in heard
    assert [word for word in PLANTED if word in heard] == []
    for never in ("vars", "request", "breadcrumbs", "server_name", "abs_path", "context_line", "cannot answer", "user"):
        assert f'"{never}"' not in heard
    assert str(open_site.__module__) not in heard


def test_an_error_of_a_view_arrives_likewise_and_the_log_has_no_words_either(
    open_site: Callable[..., Site],
    sentry: SentryHost,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = open_site(SENTRY_DSN=sentry.dsn)
    site.app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> str:
        raise LookupError(f"{request.get_json()} {PLANTED[1]}")

    site.app.view_functions["api.chat"] = fail

    assert ask_everything(site) == 500

    assert sentry.arrived.wait(PATIENCE_S)
    heard = "\n".join([*sentry.received, caplog.text])
    assert "LookupError" in sentry.received[0]
    assert '"event": "request_crashed"' in caplog.text
    assert [word for word in PLANTED if word in heard] == []


def test_without_the_package_the_app_starts_and_says_what_is_missing(
    open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    site = open_site(SENTRY_DSN="http://public@127.0.0.1:9/7")

    assert "pip install sentry-sdk" in caplog.text
    assert site.ask("Quels sont vos tarifs ?")["response"]


def test_an_address_that_is_no_project_is_told_without_showing_it(
    open_site: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site(SENTRY_DSN="https://planted.example/")

    assert "is no address of a Sentry project" in caplog.text
    assert "planted" not in caplog.text
    assert site.client.get("/healthz").status_code == 200


def test_without_an_address_the_package_is_not_even_imported(open_site: Callable[..., Site]) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "sentry_sdk"]:
        del sys.modules[name]

    open_site()

    assert "sentry_sdk" not in sys.modules
