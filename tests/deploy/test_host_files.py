"""The files that hosts read: of the published form, in agreement with each other, and none that breaks another host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from okichat.money.disk import ephemeral_host
from okichat.settings import Settings, settings_table
from tests.deploy import dockerfile, forms
from tests.served import ROOT, clean_environment

pytestmark = pytest.mark.deploy

# What makes one of the hosts build something else than requirements.txt and wsgi.py: docs/deploy/README.md says which.
BREAK_A_HOST = (
    *(
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "Pipfile",
        "Pipfile.lock",
        "environment.yml",
        "pdm.lock",
        "runtime.txt",
    ),
    *("Dockerfile", "heroku.yml", "nixpacks.toml", "railpack.json", "railway.toml", "project.toml"),
    *("package.json", "package-lock.json", "index.html", "public", "api", "Cargo.toml", "go.mod", "composer.json"),
    *("app.py", "index.py", "server.py", "main.py", "asgi.py", "start.py", "bot.py", "hello.py", "manage.py"),
)


def _json(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return read


def _spec() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / ".do" / "deploy.template.yaml").read_text())
    return read


def _procfile() -> dict[str, str]:
    read: dict[str, str] = yaml.safe_load((ROOT / "Procfile").read_text())  # as Railway reads it
    return read


def test_every_file_has_the_form_its_host_publishes() -> None:
    for form, file in (
        (forms.HEROKU, _json("app.json")),
        (forms.RAILWAY, _json("railway.json")),
        (forms.DIGITALOCEAN, _spec()),
    ):
        assert [error.message for error in jsonschema_rs.validator_for(form).iter_errors(file)] == []


@pytest.mark.parametrize("name", BREAK_A_HOST)
def test_nothing_lies_at_the_top_that_makes_a_host_build_something_else(name: str) -> None:
    assert not (ROOT / name).exists()


def test_every_host_starts_and_migrates_with_the_same_commands() -> None:
    procfile = _procfile()
    railway = _json("railway.json")["deploy"]
    [service], [job] = _spec()["spec"]["services"], _spec()["spec"]["jobs"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    unit = (ROOT / "deploy" / "systemd" / "okichat@.service").read_text()

    starts = {procfile["web"], railway["startCommand"], service["run_command"], " ".join(dockerfile.command("CMD"))}
    starts.add(re.findall(r"^ExecStart=.*/bin/(.*)$", unit, re.MULTILINE)[0])
    migrations = {procfile["release"], *railway["preDeployCommand"], job["run_command"]}
    migrations |= {_json("vercel.json")["buildCommand"], " ".join(compose["migrate"]["command"])}

    assert starts == {"gunicorn wsgi:app"}
    assert migrations == {"flask --app wsgi okichat migrate"}
    assert job["kind"] == "PRE_DEPLOY"


def test_every_host_asks_the_address_that_costs_nothing_whether_the_app_is_alive() -> None:
    [service] = _spec()["spec"]["services"]
    asked = [_json("railway.json")["deploy"]["healthcheckPath"], service["health_check"]["http_path"]]
    asked += [cron["path"] for cron in _json("vercel.json")["crons"]]

    assert set(asked) == {"/healthz"}
    assert "/healthz" in dockerfile.image()["HEALTHCHECK"]


def test_hosts_wait_for_answers_under_way_when_they_stop_the_app() -> None:
    graceful_s = int(re.findall(r"^graceful_timeout = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)[0])
    [service] = _spec()["spec"]["services"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]
    unit = (ROOT / "deploy" / "systemd" / "okichat@.service").read_text()
    patience_s = [
        _json("railway.json")["deploy"]["drainingSeconds"],
        service["termination"]["grace_period_seconds"],
        int(compose["stop_grace_period"].removesuffix("s")),
        int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]),
    ]

    assert all(seconds > graceful_s for seconds in patience_s)


def test_only_settings_there_are_or_names_of_the_hosts_are_set() -> None:
    known = {row.name for row in settings_table()}
    spec = _spec()["spec"]
    named = {
        *_json("app.json")["env"],
        *(env["key"] for part in spec["services"] + spec["jobs"] for env in part["envs"]),
    }
    named |= set(yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]["environment"])

    assert named - known == {"DIGITALOCEAN_APP_ID"}


def test_the_button_of_heroku_gives_settings_that_start_the_app() -> None:
    asked = _json("app.json")["env"]
    given = {name: env["value"] for name, env in asked.items() if "value" in env}
    settings = Settings.from_environment({**given, "REDIS_URL": "rediss://:secret@host:6380"})

    assert settings.trusted_hops == 1
    assert settings.redis_url == "rediss://:secret@host:6380?ssl_cert_reqs=none"
    assert {name for name, env in asked.items() if env.get("generator") == "secret"} == {
        "SECRET_KEY",
        "OKICHAT_ADMIN_PASSWORD",
    }
    assert _json("app.json")["formation"] == {"web": {"quantity": 1, "size": "basic"}}  # 512 MB
    assert [addon["plan"].split(":")[0] for addon in _json("app.json")["addons"]] == ["heroku-postgresql"]


def test_okichat_recognises_digitalocean_by_what_the_template_binds() -> None:
    spec = _spec()["spec"]
    [service] = spec["services"]
    bound = {env["key"]: env.get("value", "") for env in service["envs"]}

    assert bound["DIGITALOCEAN_APP_ID"] == "${APP_ID}"
    assert bound["DATABASE_URL"] == f"${{{spec['databases'][0]['name']}.DATABASE_URL}}"
    assert ephemeral_host(bound) == "DigitalOcean App Platform"


def test_an_answer_takes_no_longer_than_the_most_impatient_proxy_waits() -> None:
    longest_s = Settings().deadline_s + 5  # what an answer may take in all: okichat/assembly/

    assert longest_s < 26  # Netlify; Heroku waits 30 for the first byte, nginx as deploy/nginx/okichat.conf says
    assert "proxy_read_timeout 60s" in (ROOT / "deploy" / "nginx" / "okichat.conf").read_text()
    assert _json("vercel.json")["functions"]["wsgi.py"]["maxDuration"] > longest_s


def test_what_netlify_publishes_is_what_pages_ask_for(tmp_path: Path) -> None:
    from okichat.web.assets import Asset

    shutil.copytree(ROOT / "static", tmp_path / "static")
    shutil.copytree(ROOT / "deploy" / "netlify", tmp_path / "deploy" / "netlify", ignore=shutil.ignore_patterns("site"))
    script = tmp_path / "deploy" / "netlify" / "build.sh"
    refused = subprocess.run(["sh", script], env=clean_environment(), capture_output=True, text=True, check=False)
    address = "https://okichat.up.railway.app/"
    subprocess.run(["sh", script], env=clean_environment(BACKEND_URL=address), check=True)
    site = script.parent / "site"
    published = {
        path.relative_to(site / "static").as_posix() for path in (site / "static").rglob("*") if path.is_file()
    }

    assert refused.returncode == 1
    assert refused.stderr.startswith("BACKEND_URL: ")
    wanted = {
        path for path in (ROOT / "static").rglob("*") if path.suffix not in (".br", ".gz", ".md") and path.is_file()
    }
    assert published == {Asset.of(path, ROOT / "static").public_name for path in wanted}
    assert (site / "_redirects").read_text() == "/* https://okichat.up.railway.app/:splat 200\n"


def test_systemd_finds_no_fault_in_the_unit() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    unit = ROOT / "deploy" / "systemd" / "okichat@.service"

    said = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False, timeout=60).stderr

    assert [line for line in said.splitlines() if "/opt/okichat/.venv/bin/gunicorn is not executable" not in line] == []


PAGES = ("digitalocean", "docker", "heroku", "netlify", "railway", "serveur", "vercel")
ASKED_OF_A_PAGE = {
    "environment": "nvironnement",
    "Postgres": "Postgres",
    "Redis": "Redis",
    "streams": "mot à mot",
    "cost": r"\d (?:\$|€)|Gratuit",
    "update": "ettre à jour",
    "staging": r"(?i)essayer",
    "roll back": r"(?i)revenir",
    "how far it is verified": "Vérifié jusqu'où",
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_of_each_host_tells_all_that_an_owner_asks(name: str) -> None:
    page = (ROOT / "docs" / "deploy" / f"{name}.md").read_text(encoding="utf-8")

    assert [asked for asked, words in ASKED_OF_A_PAGE.items() if not re.search(words, page)] == []


def test_there_is_a_page_for_each_host_and_for_no_other() -> None:
    assert {path.stem for path in (ROOT / "docs" / "deploy").glob("*.md")} == {*PAGES, "README"}
