"""Sends requests of tests/attack/ways_in.py to an app in this process, and says which of them it could not take."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import hypothesis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from okichat.content import folder as content_folder
from tests.attack.outcome import Outcome
from tests.attack.ways_in import CONVERSATION, PASSWORD, REFERENCE, STAMP, TURN, Sent, requests
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

OWNER_PASSWORD = "une phrase de passe"
_REFERENCE = re.compile(r"sent=([A-Z2-7]{8})")
_STAMP = re.compile(r'name="stamp" value="([^"]+)"')


@contextmanager
def fuzzed_site(folder: Path, **settings: str) -> Iterator[Site]:
    """An app with a dashboard and a mail host that nobody answers at, whose store and topics lie in `folder`."""
    shutil.copytree(content_folder("knowledge"), folder / "knowledge")  # the owner can change topics
    environment = {
        "DATABASE_URL": f"sqlite:///{folder / 'okichat.db'}",
        "OKICHAT_KNOWLEDGE": str(folder / "knowledge"),
        "OKICHAT_ADMIN_PASSWORD": OWNER_PASSWORD,
        "OKICHAT_CONTACT_EMAIL": "cabinet@exemple.fr",
        "OKICHAT_SMTP_URL": "smtp://127.0.0.1:9",
        "OKICHAT_EMBED_ORIGINS": "https://www.exemple.fr",
    }
    site = Site({**environment, **settings})
    try:
        yield site
    finally:
        site.close()


@dataclass
class Fuzzer:
    """`statuses` counts what came back. Each request comes from an address of its own, so that no limit ends the game."""

    site: Site
    statuses: Counter[int] = field(default_factory=Counter)
    _addresses: count[int] = field(default_factory=lambda: count(1))
    _known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Get what only the app can hand out."""
        self._visitor = self.site.app.test_client(use_cookies=False)
        self._owner = self.site.app.test_client()
        assert self._post(self._owner, "/admin/sign-in", password=OWNER_PASSWORD).status_code == 303
        sent = self._post(self._visitor, "/contact", text="Rappelez-moi.", email="camille@exemple.fr")
        reference = _REFERENCE.search(sent.headers["Location"])
        stamp = _STAMP.search(self._visitor.get("/contact").get_data(as_text=True))
        assert reference
        assert stamp
        self._known |= {STAMP: stamp[1], REFERENCE: reference[1], PASSWORD: OWNER_PASSWORD}
        self._ask()

    def run(self, cases: int, *, seed: int) -> None:
        """Send so many requests. Raises AssertionError, or what the app raised, for the shortest one it did not take."""

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=cases, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.given(requests)
        def is_taken(sent: Sent) -> None:
            response = self.send(sent)
            assert response.status_code < 500, f"{response.status_code} for {sent}"

        is_taken()

    def send(self, sent: Sent) -> TestResponse:
        """What comes back, read to its end."""
        path, body = sent.path, sent.body
        for name, value in self._known.items():
            path, body = path.replace(name, value), body.replace(name.encode(), value.encode())
            body = body.replace(name.replace("<", "%3C").replace(">", "%3E").encode(), value.encode())
        headers = {_as_wsgi(name): value for name, value in sent.headers}
        client = self._owner if sent.owner else self._visitor
        response = client.open(
            path,
            method=sent.method,
            query_string=sent.query,
            data=body,
            environ_overrides={**self._from_somewhere(), **headers},
        )
        response.get_data()
        response.close()
        self.statuses[response.status_code] += 1
        if path.endswith("/erase"):
            self._ask()
        return response

    def _ask(self) -> None:
        """Another conversation: the last one may have been erased."""
        asked = self._visitor.post(
            "/api/chat", json={"question": "Quels sont vos tarifs ?"}, environ_overrides=self._from_somewhere()
        )
        answer = asked.get_json()
        self._known |= {CONVERSATION: answer["conversation"], TURN: answer["request_id"]}

    def _post(self, client: FlaskClient, path: str, **fields: str) -> TestResponse:
        return client.post(path, data=fields, environ_overrides=self._from_somewhere())

    def _from_somewhere(self) -> dict[str, str]:
        number = next(self._addresses)
        return {"REMOTE_ADDR": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}


def attack_forms(folder: Path, cases: int, seed: int) -> Outcome:
    """So many requests to every form, page and argument of an app whose model answers. Raises what the app raises."""
    with (
        OpenAIServer() as model,
        fuzzed_site(folder, OPENAI_API_KEY="sk-attacked", OPENAI_BASE_URL=model.base_url) as site,
    ):
        fuzzer = Fuzzer(site)
        try:
            fuzzer.run(cases, seed=seed)
            findings: tuple[str, ...] = ()
        except AssertionError as error:
            findings = (str(error)[:3000],)
    answered = ", ".join(f"{status}: {times}" for status, times in sorted(fuzzer.statuses.items()))
    return Outcome("forms (hypothesis)", f"{sum(fuzzer.statuses.values())} requests; {answered}", findings)


def _as_wsgi(name: str) -> str:
    plain = name.upper().replace("-", "_")
    return plain if plain == "CONTENT_TYPE" else f"HTTP_{plain}"
