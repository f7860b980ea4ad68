"""What is let in: names of the site, origins, encodings, sizes; and where a reply may send a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from okichat.errors import SettingsError
from okichat.settings import Settings
from okichat.web.host_header import is_listed
from tests.attack.ways_in import OWNER_FORMS, VISITOR_FORMS
from tests.served import ROOT, Served, clean_environment, configured, gunicorn
from tests.site import FRAGMENT, Site

OpenSite = Callable[..., Site]
PASSWORD = "correct horse battery staple"
NAMES = "chat.exemple.fr, *.exemple.com"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    with gunicorn(folder, *configured(), environment=clean_environment(PYTHONPATH=str(ROOT))) as running:
        yield running


def exchange(served: Served, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    host = served.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(method, path, body, headers, encode_chunked=hasattr(body, "__next__"))  # type: ignore[arg-type]
        reply = connection.getresponse()
        return reply.status, reply.read().decode("utf-8", "replace")
    finally:
        connection.close()


def test_the_site_answers_under_its_names(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    for host in ("chat.exemple.fr", "CHAT.exemple.fr:8000", "chat.exemple.fr.", "a.exemple.com", "a.b.exemple.com"):
        assert site.client.get("/", headers={"Host": host}).status_code == 200


def test_under_another_name_a_calm_page_says_so(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    for host in (
        "evil.example",
        "exemple.com",
        "evilexemple.com",
        "chat.exemple.fr.evil.example",
        "10.0.0.1",
        "a b",
        "",
    ):
        page = site.client.get("/", headers={"Host": host})
        program = site.client.post("/api/chat", json={"question": "Vos tarifs ?"}, headers={"Host": host})

        assert (page.status_code, program.status_code, program.get_json()["code"]) == (400, 400, "host"), host
        assert "Ce n'est pas la bonne adresse" in page.text.replace("&#39;", "'")
        assert "evil" not in page.text


def test_hosts_look_after_the_site_by_its_address_all_the_same(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS=NAMES)

    assert [
        site.client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code for path in ("/healthz", "/readyz")
    ] == [200, 200]


def test_without_a_list_any_name_will_do(site: Site) -> None:
    assert [
        site.client.get("/", headers={"Host": host}).status_code for host in ("any.example", "10.0.0.7", "a b", "")
    ] == [200] * 4


def test_a_prepared_answer_does_not_get_past_the_list(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ALLOWED_HOSTS="localhost")

    statuses = [
        site.submit("Bonjour", {**FRAGMENT, "Host": host}).status_code
        for host in ("localhost", "localhost", "localhost", "evil.example", "evil.example")
    ]

    assert statuses == [200, 200, 200, 400, 400]


def test_addresses_in_brackets_are_names_too() -> None:
    assert is_listed("[::1]:8000", ("[::1]",))
    assert is_listed("[::1]", ("[::1]",))
    assert not is_listed("[::2]:8000", ("[::1]",))


@pytest.mark.parametrize("written", ["https://exemple.fr", "exemple.fr:8000", "*", "a*.exemple.fr", "exemple.fr/chat"])
def test_what_is_no_name_is_told_at_the_start(written: str) -> None:
    with pytest.raises(SettingsError, match="OKICHAT_ALLOWED_HOSTS"):
        Settings.from_environment({"OKICHAT_ALLOWED_HOSTS": written})


POSTS: list[tuple[dict[str, str], bool]] = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Origin": "http://localhost"}, True),
    ({"Origin": "https://localhost"}, True),  # behind a proxy that speaks TLS and does not say so
    ({"Origin": "https://chat.exemple.fr"}, True),  # behind one that asks under another name
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "http://localhost.evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://["}, False),
    ({"Origin": ""}, False),
    ({"Origin": "http://localhost", "X-Forwarded-Proto": "https"}, False),
    ({"Origin": "https://localhost", "X-Forwarded-Proto": "https"}, True),
]


def test_posts_of_other_sites_are_refused_by_what_the_browser_says(open_site: OpenSite) -> None:
    site = open_site(
        OKICHAT_TRUSTED_HOPS="1", OKICHAT_ALLOWED_HOSTS="localhost chat.exemple.fr", OKICHAT_ADMIN_PASSWORD=PASSWORD
    )
    for path in (*VISITOR_FORMS, *OWNER_FORMS):
        for headers, is_own in POSTS:
            body = {"json" if path == "/api/chat" else "data": {"question": "Bonjour"}}
            reply = site.client.post(path, headers=headers, **body)
            is_let_in = (
                "cross_site" not in reply.text and "autre site" not in reply.text and "notre page" not in reply.text
            )
            assert is_let_in == is_own, (path, headers, reply.status_code)
            assert reply.status_code == 403 or is_own


def test_the_owners_browser_posts_nothing_for_another_site(open_site: OpenSite) -> None:
    """Not even where it would send the cookie along, which is SameSite=Strict."""
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    site.client.post("/admin/sign-in", data={"password": PASSWORD})

    for path in OWNER_FORMS:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
            assert site.client.post(path, headers=headers, data={"turn": "off"}).status_code == 403, path
    assert not site.parts.switch.is_off()
    own = site.client.post("/admin/gpt", headers={"Sec-Fetch-Site": "same-origin"}, data={"turn": "off"})
    assert (own.status_code, site.parts.switch.is_off()) == (303, True)


def test_a_site_that_embeds_the_chat_posts_nothing_itself(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_EMBED_ORIGINS="https://www.cabinet.example")

    assert site.submit("Bonjour", {"Origin": "https://www.cabinet.example"}).status_code == 403


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


def test_the_policy_names_where_to_report_only_if_that_is_set(open_site: OpenSite) -> None:
    told = open_site(OKICHAT_CSP_REPORT_URI="https://report.example/csp?site=a").client.get("/").headers
    silent = open_site().client.get("/").headers

    assert told["Content-Security-Policy"].endswith("; frame-ancestors 'none'")
    assert "; report-uri https://report.example/csp?site=a;" in told["Content-Security-Policy"]
    assert "report" not in silent["Content-Security-Policy"]
    for written in ("https://a.example/; script-src *", "https://a.example/,b", "nowhere"):
        with pytest.raises(SettingsError, match="OKICHAT_CSP_REPORT_URI"):
            Settings.from_environment({"OKICHAT_CSP_REPORT_URI": written})


def test_every_kind_of_reply_forbids_inline_scripts_framing_and_sniffing(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_METRICS_TOKEN="t" * 16)
    paths = (
        "/",
        "/contact",
        "/confidentialite",
        "/widget",
        "/embed.js",
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/nowhere",
        "/admin/sign-in",
        "/metrics",
    )
    for path in paths:
        headers = site.client.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
        assert policy["base-uri"] == "'none'"
        assert policy["frame-ancestors"] == ("'self'" if path == "/widget" else "'none'") or path == "/embed.js"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] in ("same-origin", "cross-origin")
        assert "camera=()" in headers["Permissions-Policy"]


def test_only_what_holds_nothing_of_anybody_may_lie_in_a_shared_cache(open_site: OpenSite) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    conversation = site.ask("Bonjour")["conversation"]
    private = [
        *(
            site.client.get(path)
            for path in ("/", "/contact", "/widget", "/confidentialite", "/readyz", "/admin", "/admin/sign-in")
        ),
        site.submit("Bonjour"),
        site.submit("Bonjour", FRAGMENT),
        site.post("Bonjour"),
        site.client.post("/widget", data={"conversation": conversation}),
        site.client.post("/chat/transcript", data={"conversation": conversation}),
    ]

    assert {reply.headers["Cache-Control"] for reply in private} == {"no-store"}
    assert site.client.get("/embed.js").headers["Cache-Control"].startswith("public")


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
