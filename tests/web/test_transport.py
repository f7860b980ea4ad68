"""What goes over the wire: compression, caching, headers, and streams that nothing holds back."""

from __future__ import annotations

import gzip
import json
import re
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest

from okichat.content import folder
from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, clean_environment, configured, gunicorn
from tests.site import FRAGMENT, STREAMING, Site


@pytest.mark.parametrize("path", ["/", "/contact", "/api/openapi.json"])
def test_pages_and_json_are_compressed_when_asked_for(site: Site, path: str) -> None:
    plain = site.client.get(path)
    packed = site.client.get(path, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2
    assert len(gzip.decompress(packed.data)) == pytest.approx(len(plain.data), abs=64)


def test_fragments_are_compressed_too(site: Site) -> None:
    packed = site.submit("Quels sont vos services ?", {**FRAGMENT, "Accept-Encoding": "br"})

    assert packed.headers["Content-Encoding"] == "br"
    assert "Quels sont vos services ?" in brotli.decompress(packed.data).decode()


def test_a_stream_is_never_compressed(site: Site) -> None:
    stream = site.submit("Quels sont vos services ?", {**STREAMING, "Accept-Encoding": "gzip, br, zstd"})

    assert "Content-Encoding" not in stream.headers
    assert "no-transform" in stream.headers["Cache-Control"]
    assert stream.headers["X-Accel-Buffering"] == "no"


def test_the_first_words_arrive_before_the_last_are_written(tmp_path: Path, model: OpenAIServer) -> None:
    heard = threading.Event()
    model.reply("Premier mot, puis un autre, puis le dernier.", rest=heard)
    environment = clean_environment(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_FIRST_TOKEN_S="100",
        OKICHAT_DEADLINE_S="120",
        PYTHONPATH=str(ROOT),
    )
    with gunicorn(tmp_path, *configured(), environment=environment) as served:
        request = urllib.request.Request(
            f"{served.url}/api/chat",
            json.dumps({"question": "Tenez-vous les comptes ?"}).encode(),
            {"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "gzip, br"},
        )
        with urllib.request.urlopen(request, timeout=20) as stream:
            first = next(line for line in stream if line.startswith(b"data:"))
            heard.set()
            rest = stream.read()

    assert b"Premier" in first
    assert rest.index(b"dernier") < rest.index(b"event: answer")


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_vendored_scripts_travel_as_they_were_compressed_for_ever(site: Site, encoding: str) -> None:
    address = _scripts(site)[0]

    response = site.client.get(address, headers={"Accept-Encoding": encoding})

    assert response.headers["Content-Encoding"] == encoding
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert (
        response.data
        == (folder("static") / "vendor" / f"htmx.min.js.{'br' if encoding == 'br' else 'gz'}").read_bytes()
    )


def test_a_changed_file_gets_another_name(site: Site) -> None:
    assert re.fullmatch(r"/static/vendor/htmx\.min\.[0-9a-f]{12}\.js", _scripts(site)[0])


def test_an_asset_that_is_known_already_is_not_sent_again(site: Site) -> None:
    address = _scripts(site)[0]
    tag = site.client.get(address).headers["ETag"]

    assert site.client.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "name", ["../okichat/settings.py", "vendor/none.js", "%2e%2e/setup.cfg", "vendor/htmx.min.js.br"]
)
def test_nothing_else_is_served_as_an_asset(site: Site, name: str) -> None:
    assert site.client.get(f"/static/{name}").status_code == 404


def test_every_reply_carries_the_security_headers(site: Site) -> None:
    for response in (site.client.get("/"), site.post("Vos tarifs ?"), site.post(""), site.client.get("/nowhere")):
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


def test_only_the_sites_of_the_settings_may_frame_the_chat(open_site: Callable[..., Site]) -> None:
    response = open_site(OKICHAT_EMBED_ORIGINS="https://www.cabinet.example").client.get("/")

    assert "frame-ancestors https://www.cabinet.example" in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers


def test_transport_security_is_announced_behind_tls_only(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_TRUSTED_HOPS="1")

    assert "Strict-Transport-Security" in site.client.get("/", headers={"X-Forwarded-Proto": "https"}).headers
    assert "Strict-Transport-Security" not in site.client.get("/").headers


def test_alive_and_ready_say_what_works(site: Site, gpt_site: Site) -> None:
    assert site.client.get("/healthz").status_code == 200
    assert site.client.get("/readyz").get_json()["rungs"]["gpt"] == {"works": False, "why": "no_key"}
    assert gpt_site.client.get("/readyz").get_json()["mode"] == "gpt"


def _scripts(site: Site) -> list[str]:
    return re.findall(r'<script defer src="([^"]+)"', site.client.get("/").text)
