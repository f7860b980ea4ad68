"""`python -m okichat check`, here and of a served site."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from okichat.commands.site_checks import site_checks
from okichat.settings import Settings
from okichat.storage.tables import balances
from tests.served import ROOT, clean_environment, configured, gunicorn
from tests.site import Site


def check(site: Site, *arguments: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit status, and status and sentence by name."""
    said = site.app.test_cli_runner().invoke(args=["okichat", "check", "--json", *arguments])
    report = json.loads(said.stdout)
    return said.exit_code, {each["name"]: (each["status"], each["text"]) for each in report["checks"]}


class Models(ThreadingHTTPServer):
    """A model's host that has only its list of models; `status` is what it replies with."""

    daemon_threads = True
    status = 200
    seen: list[str | None]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host: Any = self.server
        host.seen.append(self.headers["Authorization"])
        body = json.dumps({"data": [{"id": "gpt-6-luna"}]}).encode() if self.path == "/v1/models" else b"{}"
        self.send_response(host.status)
        self.send_header("Location", f"http://127.0.0.1:{host.server_address[1]}/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal of the tests."""


@pytest.fixture
def models() -> Iterator[Models]:
    server = Models(("127.0.0.1", 0), _Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def keyed(open_site: Callable[..., Site], models: Models) -> Site:
    address = f"http://127.0.0.1:{models.server_address[1]}/v1"
    return open_site(
        OPENAI_API_KEY="sk-planted-key-0123456789",
        OPENAI_BASE_URL=address,
        OKICHAT_PRICE_INPUT="1",
        OKICHAT_PRICE_OUTPUT="1",
    )


def test_a_site_without_a_key_or_channels_works_and_says_what_could_be_added(site: Site) -> None:
    status, found = check(site)

    assert status == 0
    assert {name for name, (state, _) in found.items() if state == "error"} == set()
    assert {"key", "alerts"} <= {name for name, (state, _) in found.items() if state == "warning"}
    assert "OPENAI_API_KEY" in found["key"][1]
    assert found["store"][0] == found["ledger"][0] == found["templates"][0] == found["redis"][0] == "ok"


def test_people_read_one_line_a_check_in_the_language_of_the_settings(open_site: Callable[..., Site]) -> None:
    french, english = (
        open_site(OKICHAT_LOCALE=language).app.test_cli_runner().invoke(args=["okichat", "check"]).output.splitlines()
        for language in ("fr", "en")
    )

    assert len(french) == len(english) > 8
    assert all(line[:2] in ("✓ ", "! ", "✗ ") for line in french + english)
    assert any("Pas de clé" in line for line in french)
    assert any("No key" in line for line in english)


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (200, "ok", "l'accepte"),
        (401, "error", "la refuse"),
        (404, "warning", "status 404"),
        (302, "warning", "status 302"),
    ],
)
def test_the_key_is_proven_by_the_list_of_models_and_never_follows_a_redirect(
    keyed: Site, models: Models, status: int, state: str, words: str
) -> None:
    models.status = status

    found = check(keyed)[1]["key"]

    assert found[0] == state
    assert words in found[1]
    assert models.seen == ["Bearer sk-planted-key-0123456789"]
    assert "planted" not in json.dumps(found)


def test_gpt_that_was_turned_off_by_hand_is_told(keyed: Site) -> None:
    assert keyed.app.test_cli_runner().invoke(args=["okichat", "gpt", "off"]).exit_code == 0

    status, found = check(keyed)

    assert (status, found["key"][0]) == (0, "warning")
    assert "python -m okichat gpt on" in found["key"][1]


def test_what_is_broken_is_an_error_with_its_mend(
    open_site: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "templates" / "chat"
    own.mkdir(parents=True)
    (own / "page.html").write_text("<p>\n{% if %}")
    monkeypatch.setenv("DYNO", "web.1")
    settings = {
        "OKICHAT_TEMPLATES": str(own.parent),
        "OPENAI_MODEL": "unheard-of",
        "REDIS_URL": "redis://127.0.0.1:9/0",
    }
    site = open_site(OPENAI_API_KEY="sk-planted-key-0123456789", OPENAI_BASE_URL="http://127.0.0.1:9/v1", **settings)

    status, found = check(site)

    assert status == 1
    assert {name for name, (state, _) in found.items() if state == "error"} == {
        "templates", "ledger", "redis", "price", "proxies",
    }  # fmt: skip
    assert "chat/page.html, ligne 2" in found["templates"][1]
    assert found["key"][0] == "warning"


OWN_PAGE = "chat/page.html"
OF_OURS = '{% extends "okichat/chat/page.html" %}'


@pytest.mark.parametrize(
    ("file", "text", "status", "words"),
    [
        ("chat/pages.html", OF_OURS, "warning", "chat/pages.html : aucune page ne s'en sert"),
        ("site.css", ":root { --brand: red }", "warning", "static/site.css"),
        (OWN_PAGE, OF_OURS + "\n{% block welcom %}{% endblock %}", "warning", "ligne 2 : okichat/chat/page.html n'a pas de bloc « welcom »"),
        (OWN_PAGE, OF_OURS + "\n<p>Ouvert le dimanche</p>", "warning", "ligne 2 : ce qui est hors d'un bloc n'est jamais affiché"),
        (OWN_PAGE, '{% extends "chat/page.html" %}', "error", "Écrivez « okichat/chat/page.html »"),
        ("_mark.html", '\n<img src="{{ asset("logo.png") }}" alt="">', "error", "_mark.html, ligne 2 : le fichier logo.png n'existe pas"),
        ("_mark.html", "\n{{ firm.name }}", "error", "_mark.html, ligne 2 : 'firm' is undefined"),
        ("chat/_refusal.html", "{{ refusal.wait + 1 }}", "error", "chat/_refusal.html, ligne 1"),
        ("errors/error.html", "{{ page.thread + 1 }}", "error", "errors/error.html, ligne 1"),
    ],
)  # fmt: skip
def test_what_nobody_would_see_of_a_template_is_told_with_its_mend(
    file: str, text: str, status: str, words: str, open_site: Callable[..., Site], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / file).parent.mkdir(parents=True)
    (own / file).write_text(text)

    found = check(open_site(OKICHAT_TEMPLATES=str(own)))[1]["templates"]

    assert found[0] == status
    assert words in found[1]


def test_nothing_is_said_of_templates_that_are_used(open_site: Callable[..., Site], tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "chat").mkdir(parents=True)
    (own / "static").mkdir()
    (own / "static" / "logo.png").write_bytes(b"png")
    (own / "_address.html").write_text('<img src="{{ asset("logo.png") }}" alt="">{% block address %}{% endblock %}')
    (own / OWN_PAGE).write_text(
        OF_OURS + '{% block welcome %}{% block ours %}{% include "_address.html" %}{% endblock %}{% endblock %}'
    )

    for folder in (own, ROOT / "docs" / "examples" / "roche" / "templates"):
        assert check(open_site(OKICHAT_TEMPLATES=str(folder)))[1]["templates"][0] == "ok"


def test_mistakes_in_settings_and_topics_are_findings_too(tmp_path: Path) -> None:
    (tmp_path / "own" / "fr").mkdir(parents=True)
    (tmp_path / "own" / "fr" / "prix.md").write_text("no head")
    (tmp_path / "own" / "fr.po").write_text('msgid "refusal.empty"\nmsgstr "%(nom)s ?"\n')
    for settings, name, told in (
        ({"OKICHAT_BUDGET_USD": "x"}, "settings", "OKICHAT_BUDGET_USD"),
        ({"OKICHAT_TRANSLATIONS": "own"}, "settings", "own/fr.po:1: refusal.empty: there is no %(nom)s here"),
        ({"OKICHAT_KNOWLEDGE": "own"}, "knowledge", "prix.md:1"),
    ):
        environment = clean_environment(PYTHONPATH=str(ROOT), **settings)
        command = [sys.executable, "-m", "okichat", "check", "--json"]
        said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

        report = json.loads(said.stdout)
        assert (said.returncode, report["status"]) == (1, "error")
        assert {each["name"] for each in report["checks"]} == {name}
        assert told in report["checks"][0]["text"]


def test_a_ledger_that_does_not_add_up_is_an_error(site: Site) -> None:
    site.parts.budget.correct(1_000, "one")
    with site.parts.store.write() as connection:
        connection.execute(update(balances).values(spent_microusd=7))

    assert check(site)[1]["ledger"][0] == "error"


def test_a_database_that_is_away_is_an_error_and_the_other_checks_go_on(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    status, found = check(open_site(DATABASE_URL=f"sqlite:///{tmp_path}"))

    assert (status, found["store"][0]) == (1, "error")
    assert "alerts" in found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{folder / 'a.db'}"}
    environment = clean_environment(
        **settings, OKICHAT_RATE_LIMIT="1000 per minute", OKICHAT_DAILY_LIMIT="1000 per day"
    )
    with gunicorn(folder, *configured("--chdir", str(ROOT)), environment=environment) as served:
        yield served.url


@pytest.fixture(scope="module")
def believing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that believes a proxy which is not there."""
    folder = tmp_path_factory.mktemp("believing")
    settings = {
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"sqlite:///{folder / 'a.db'}",
        "OKICHAT_TRUSTED_HOPS": "1",
    }
    with gunicorn(folder, *configured("--chdir", str(ROOT)), environment=clean_environment(**settings)) as served:
        yield served.url


def test_a_good_site_passes_every_check(site: Site, address: str) -> None:
    status, found = check(site, address)

    assert status == 0
    assert {name: state for name, (state, _) in found.items() if state != "ok"} == {"https": "warning"}
    assert {"page", "badge", "answer", "fallback", "limit", "compression", "headers", "secrets"} <= set(found)


def test_a_secret_that_is_set_here_and_shown_there_is_found(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKICHAT_ADMIN_PASSWORD", "Oki Expertise")  # it stands on the page

    found = {each.name: each for each in site_checks(address, Settings())}

    assert found["secrets"].status == "error"
    assert "Oki Expertise" not in found["secrets"].text


def test_an_invented_address_that_escapes_the_limit_is_found(believing: str) -> None:
    found = {each.name: each for each in site_checks(believing, Settings())}

    assert found["limit"].status == "error"
    assert "OKICHAT_TRUSTED_HOPS" in found["limit"].text


def test_a_site_that_is_away_and_one_that_is_none_are_told(site: Site, models: Models) -> None:
    away = check(site, "http://127.0.0.1:9")
    other = check(site, f"http://127.0.0.1:{models.server_address[1]}")

    assert (away[0], other[0]) == (1, 1)
    assert "ConnectionRefusedError" in away[1]["page"][1]
    assert "ne montre pas le chat" in other[1]["page"][1]


def test_what_is_no_address_is_refused(site: Site) -> None:
    said = site.app.test_cli_runner().invoke(args=["okichat", "check", "chat.example.fr"])

    assert said.exit_code == 2
    assert "https://chat.example.fr" in said.output
