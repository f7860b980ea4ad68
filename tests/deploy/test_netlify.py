"""Netlify: its own tool serves what the build publishes and passes page, stream and API on to a running Okichat."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.deploy.fleet import answer_in, ask, stream_past_a_gate
from tests.deploy.vercel_function import host_tool
from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import HTMX
from tests.faults.asking import ask as ask_page
from tests.faults.gunicorn_app import GunicornApp, gunicorn_app
from tests.ports import free_port, wait_until_serving
from tests.served import ROOT, clean_environment

pytestmark = [pytest.mark.deploy, pytest.mark.slow]


@pytest.fixture(scope="module")
def backend(host: OpenAIServer) -> Iterator[GunicornApp]:
    with gunicorn_app(OPENAI_BASE_URL=host.base_url, OKICHAT_TRUSTED_HOPS="1") as app:
        yield app


@pytest.fixture(scope="module")
def netlify(backend: GunicornApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`netlify dev` on what deploy/netlify/build.sh has made; gives its port."""
    command = host_tool("netlify", "netlify-cli/bin/run.js")
    folder = tmp_path_factory.mktemp("netlify")
    shutil.copytree(ROOT / "static", folder / "static")
    shutil.copytree(ROOT / "deploy" / "netlify", folder / "deploy" / "netlify", ignore=shutil.ignore_patterns("site"))
    script = folder / "deploy" / "netlify" / "build.sh"
    address = f"http://127.0.0.1:{backend.port}"
    subprocess.run(["sh", script], env=clean_environment(BACKEND_URL=address), check=True)
    port = free_port()
    options = ["--offline", "--no-open", "--port", str(port), "--dir", "site", "--internal-disable-edge-functions"]
    log = folder / "netlify.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "dev", *options],
            cwd=script.parent,
            env=clean_environment(NETLIFY_TELEMETRY_DISABLED="1", CI="1"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_serving(f"http://127.0.0.1:{port}/healthz", process, log, within_s=120)
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(30)


def test_the_page_comes_from_the_backend_and_its_files_from_netlify(netlify: int, backend: GunicornApp) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{netlify}/", timeout=20) as reply:
        page = reply.read().decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    servers = set()
    for file in files:
        with urllib.request.urlopen(f"http://127.0.0.1:{netlify}{file}", timeout=20) as reply:
            assert reply.read()
            servers.add(reply.headers.get("Server", "").split("/")[0])

    assert "<form" in page
    assert len(files) >= 3
    assert "gunicorn" not in servers


def test_an_answer_streams_through_word_by_word(netlify: int, host: OpenAIServer) -> None:
    whole = stream_past_a_gate(netlify, "Quels documents faut-il pour préparer le bilan ?", host)

    assert whole.count("event: delta") > 1
    assert answer_in(whole, streamed=True)["answered_by"] == "gpt"


def test_the_form_and_the_api_answer_through_it_too(netlify: int) -> None:
    page = ask_page(netlify, HTMX, "Quels sont vos horaires ?")
    api = ask(netlify, "Bonjour")

    assert (page.status, page.is_whole) == (200, True)
    assert (api.status, api.answer["answered_by"]) == (200, "small_talk")
