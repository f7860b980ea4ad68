"""Requests that no browser sends: other encodings, bodies in pieces, long headers, addresses that lead elsewhere."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.served import ROOT, Served, clean_environment, configured, gunicorn
from tests.site import Site

OpenSite = Callable[..., Site]
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    with gunicorn(folder, *configured(), environment=clean_environment(PYTHONPATH=str(ROOT))) as running:
        yield running


def exchange(served: Served, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    host = served.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        with suppress(ConnectionError):  # a body that is refused before all of it is sent
            connection.request(method, path, body, headers, encode_chunked=hasattr(body, "__next__"))  # type: ignore[arg-type]
        reply = connection.getresponse()
        return reply.status, reply.read().decode("utf-8", "replace")
    finally:
        connection.close()


def test_what_is_not_utf_8_is_refused_calmly(site: Site) -> None:
    form, json_type = "application/x-www-form-urlencoded", "application/json"
    part = b'--x\r\nContent-Disposition: form-data; name="question"\r\n\r\ncaf\xe9\r\n--x--\r\n'
    for body, content_type in (
        ("question=café".encode("latin-1"), form),
        (b"question=caf%E9", form),
        (part, "multipart/form-data; boundary=x"),
        ('{"question": "café"}'.encode("latin-1"), json_type),
        ('{"question": "café"}'.encode("utf-16"), json_type),
        ('{"question": "café"}'.encode("utf-16-le"), json_type),
    ):
        reply = site.client.post(
            "/api/chat" if content_type == json_type else "/chat", data=body, content_type=content_type
        )

        assert reply.status_code == 400, (body, reply.text)
        assert reply.content_type.startswith(json_type if content_type == json_type else "text/html")


def test_a_refusal_stays_calm_whatever_the_body_is(site: Site) -> None:
    for body in (b"question=caf%E9", b"question=" + b"a" * 20_000):
        reply = site.client.post(
            "/chat",
            data=body,
            content_type="application/x-www-form-urlencoded",
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert reply.status_code == 403


def test_every_refusal_is_a_sentence(site: Site) -> None:
    replies = [
        site.client.post("/api/chat", data="question=a", content_type="text/plain"),
        site.client.get("/api/chat"),
        site.client.get("/api/nowhere"),
        site.client.post("/api/chat", json={"question": "a" * 20_000}),
        site.client.post("/api/chat", json={"question": "a"}, headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [reply.status_code for reply in replies] == [415, 405, 404, 413, 403]
    assert [reply.get_json()["error"] for reply in replies if " " not in reply.get_json()["error"]] == []


def test_no_address_leads_elsewhere(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    for path in (
        "//evil.example",
        "//evil.example/",
        "/%5Cevil.example",
        "/\\evil.example/..",
        "///evil.example/%2e%2e",
        "/contact/",
        "/admin/?lang=//evil.example",
        "/contact?lang=//evil.example&sent=https://evil.example",
    ):
        location = site.client.open(path, base_url="http://localhost", method="GET").headers.get("Location", "/")

        assert location.startswith(("http://localhost/", "/")), path
        assert not location.startswith(("//", "/\\")), path


def test_a_body_in_pieces_is_limited_like_any_other(served: Served) -> None:
    pieces = (b"question=" + b"a" * 1000 if n == 0 else b"a" * 1000 for n in range(40))

    status, _ = exchange(
        served,
        "POST",
        "/chat",
        pieces,
        **{"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"},
    )

    assert status == 413


def test_a_short_question_in_pieces_is_answered(served: Served) -> None:
    body = json.dumps({"question": "Bonjour"}).encode()

    status, _ = exchange(
        served,
        "POST",
        "/api/chat",
        iter([body[:5], body[5:]]),
        **{"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
    )

    assert status == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"X-Long": "a" * 10_000}),
        ("/", {f"X-{number}": "a" for number in range(80)}),
        (f"/?lang={'a' * 5000}", {}),
    ],
    ids=["long", "many", "path"],
)
def test_long_and_many_headers_are_refused(served: Served, path: str, headers: dict[str, str]) -> None:
    assert 400 <= exchange(served, "GET", path, **headers)[0] < 500


def test_odd_requests_get_no_server_error(served: Served) -> None:
    for method, path in (
        ("TRACE", "/"),
        ("CONNECT", "/"),
        ("PROPFIND", "/"),
        ("POST", "/healthz"),
        ("GET", "/%00"),
        ("GET", "/%ff%fe"),
    ):
        assert exchange(served, method, path)[0] in (200, 400, 404, 405, 501), (method, path)
    for host in ("a b", "[", "x:notaport", "é.example".encode().decode("latin-1"), "a" * 300):
        assert exchange(served, "GET", "/", Host=host)[0] < 500, host
