"""What every reply forbids the browser, and what may lie in a shared cache."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from okichat.errors import SettingsError
from okichat.settings import Settings
from tests.site import FRAGMENT, Site

OpenSite = Callable[..., Site]
PASSWORD = "correct horse battery staple"


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
