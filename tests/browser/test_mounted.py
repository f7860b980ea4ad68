"""The chat inside of somebody else's Flask application: as a blueprint under a prefix, and beside it as a WSGI app."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response, url_for
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import okichat
from okichat.settings import Settings
from okichat.web.doorway import as_blueprint
from tests.doubles.openai_server import OpenAIServer
from tests.listening import serving
from tests.site import STREAMING, Site

PREFIX = "/espace/assistance"
ADDRESSES = re.compile(r'(?:href|src|action|hx-post)="([^"#?][^"]*)"')
PASSWORD = "a long enough password"


def _host_with_blueprint(site: Site) -> Flask:
    host = Flask("host", static_folder=None)
    host.register_blueprint(as_blueprint(site.app), url_prefix=PREFIX)

    @host.get("/")
    def home() -> str:
        return f'<a href="{url_for("okichat.page")}">Une question ?</a>'

    @host.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Host"] = "host"
        return response

    return host


def _host_with_app_beside(site: Site) -> Flask:
    host = Flask("host", static_folder=None)
    host.wsgi_app = DispatcherMiddleware(host.wsgi_app, {PREFIX: site.app})  # type: ignore[method-assign]
    return host


@pytest.fixture(params=[_host_with_blueprint, _host_with_app_beside], ids=["blueprint", "dispatcher"])
def client(request: pytest.FixtureRequest, open_site: Callable[..., Site]) -> FlaskClient:
    """Asks the host."""
    host: Flask = request.param(open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_CONTACT_EMAIL="contact@exemple.fr"))
    return host.test_client()


def test_every_address_in_a_page_stays_under_the_prefix(client: FlaskClient) -> None:
    for path in ("/", "/widget", "/contact", "/confidentialite", "/nowhere", "/admin/sign-in"):
        found = set(ADDRESSES.findall(client.get(PREFIX + path).get_data(as_text=True)))

        assert found
        assert {address for address in found if not address.startswith((f"{PREFIX}/", "mailto:", "https:"))} == set()


def test_its_files_redirects_cookie_and_description_are_under_the_prefix_too(client: FlaskClient) -> None:
    page = client.get(f"{PREFIX}/").get_data(as_text=True)
    files = [address for address in ADDRESSES.findall(page) if "/static/" in address]
    entered = client.post(f"{PREFIX}/admin/sign-in", data={"password": PASSWORD})
    sent = client.post(f"{PREFIX}/contact", data={"email": "camille@exemple.fr", "text": "Rappelez-moi."})

    assert len(files) == 5
    assert [client.get(address).status_code for address in files] == [200] * 5
    assert entered.headers["Location"] == f"{PREFIX}/admin"
    assert f"; Path={PREFIX}/admin;" in entered.headers["Set-Cookie"]
    assert sent.headers["Location"].startswith(f"{PREFIX}/contact?sent=")
    assert client.get(sent.headers["Location"]).status_code == 200
    described = client.get(f"{PREFIX}/api/openapi.json").get_json()
    assert described["servers"] == [{"url": PREFIX}]


def test_a_question_is_answered_as_page_as_stream_and_as_json(client: FlaskClient) -> None:
    page = client.post(f"{PREFIX}/chat", data={"question": "Quels sont vos tarifs ?"})
    stream = client.post(f"{PREFIX}/chat", data={"question": "Quels sont vos tarifs ?"}, headers=STREAMING)
    reply = client.post(f"{PREFIX}/api/chat", json={"question": "Quels sont vos tarifs ?"})

    assert "devis" in page.get_data(as_text=True)
    assert stream.mimetype == "text/event-stream"
    assert "devis" in stream.get_data(as_text=True)
    assert "devis" in reply.get_json()["response"]
    assert (
        client.post(f"{PREFIX}/api/chat", data="{", content_type="application/json").get_json()["code"] == "malformed"
    )


def test_the_host_keeps_its_own_pages_and_its_hooks_see_the_chat(open_site: Callable[..., Site]) -> None:
    client = _host_with_blueprint(open_site()).test_client()

    assert f'href="{PREFIX}/"' in client.get("/").get_data(as_text=True)
    assert client.get(PREFIX).headers["Location"].endswith(f"{PREFIX}/")
    assert client.get("/contact").status_code == 404
    assert client.get(f"{PREFIX}/contact").headers["X-Host"] == "host"
    assert client.delete(f"{PREFIX}/contact").status_code == 405


def test_the_package_gives_the_blueprint_whole(tmp_path: Any) -> None:
    settings = Settings.from_environment({"DATABASE_URL": f"sqlite:///{tmp_path / 'okichat.db'}"})
    host = Flask("host")
    host.register_blueprint(okichat.create_blueprint(settings), url_prefix=PREFIX)

    assert host.test_client().get(f"{PREFIX}/").status_code == 200


def test_in_a_browser_the_answer_streams_and_a_visitor_who_stops_it_ends_the_paid_call(
    page: Page, open_site: Callable[..., Site], model: OpenAIServer, complaints: list[str]
) -> None:
    patient = {"OKICHAT_FIRST_TOKEN_S": "100", "OKICHAT_DEADLINE_S": "200"}
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, **patient)
    gate = threading.Event()
    with serving(_host_with_blueprint(site)) as url:
        model.reply("Nous tenons **vos comptes**.", gate=gate)
        page.goto(url)
        page.get_by_role("link", name="Une question ?").click()
        page.wait_for_url(f"**{PREFIX}/")  # and until it is loaded: before that, Enter begins a new line
        page.get_by_label("Votre question").fill("Que comprend la tenue comptable ?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_have_text("L'assistant est en train d'écrire.")
        gate.set()
        expect(page.get_by_role("article").locator("strong")).to_have_text("vos comptes")

        expect(page.locator("#send")).to_be_enabled()
        model.reply("mot " * 40, rest=threading.Event())
        page.get_by_label("Votre question").fill("Et la paie ?")
        page.keyboard.press("Enter")
        expect(page.locator("article.pending .live")).to_contain_text("mot")
        page.get_by_role("button", name="Arrêter").click()
        expect(page.get_by_role("button", name="Réessayer")).to_be_visible()
        assert model.wait_until_left(model.requests[-1]) >= 0
    assert complaints == []
