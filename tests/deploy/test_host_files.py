"""The files that hosts read: of the published form, in agreement with each other, and none that breaks another host."""

from __future__ import annotations

import fnmatch
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
from tests.deploy import forms
from tests.served import ROOT, clean_environment, gunicorn

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
    image = _instructions()
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    unit = (ROOT / "deploy" / "systemd" / "okichat@.service").read_text()

    starts = {procfile["web"], railway["startCommand"], service["run_command"], " ".join(json.loads(image["CMD"]))}
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
    assert "/healthz" in _instructions()["HEALTHCHECK"]


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
    given = {name: env["value"] for name, env in _json("app.json")["env"].items() if "value" in env}
    settings = Settings.from_environment({**given, "REDIS_URL": "rediss://:secret@host:6380"})

    assert settings.trusted_hops == 1
    assert settings.redis_url == "rediss://:secret@host:6380?ssl_cert_reqs=none"
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


def _instructions() -> dict[str, str]:
    """The last of each kind of the last stage."""
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    stage = re.split(r"^FROM ", text, flags=re.MULTILINE)[-1]
    lines = [line.split(maxsplit=1) for line in stage.splitlines()[1:] if line and not line.startswith("#")]
    return {word: rest.strip() for word, rest in lines}


def _in_the_build_context(path: str) -> bool:
    """As Docker reads .dockerignore: the last line that matches decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!")
        parents = [path, *(parent.as_posix() for parent in Path(path).parents)]
        if any(
            fnmatch.fnmatch(each, pattern.removeprefix("**/")) or fnmatch.fnmatch(each, pattern) for each in parents
        ):
            kept = line.startswith("!")
    return kept


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies into the image, as far as .dockerignore lets it."""
    folder = tmp_path_factory.mktemp("image")
    copied = re.findall(r"^COPY (?!--from)(.*) (\S+)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    for sources, target in copied:
        for name in sources.split():
            source = ROOT / name
            for file in [source] if source.is_file() else source.rglob("*"):
                path = file.relative_to(ROOT).as_posix()
                if file.is_file() and _in_the_build_context(path):
                    into = folder / (path if target in ("./", "/") else path.replace(name, target, 1))
                    into.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, into)
    return folder


def test_the_image_runs_without_privileges_and_holds_no_secret_and_no_test(image: Path) -> None:
    packed = {path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()}

    assert int(_instructions()["USER"]) >= 1000
    assert not [path for path in packed if path.startswith((".", "tests/", "instance/")) or path.endswith(".pyc")]
    assert not _in_the_build_context(".env")
    assert not _in_the_build_context("instance/okichat.db")
    assert not _in_the_build_context("okichat/.env.local")


def test_what_is_copied_into_the_image_serves_the_page_and_is_healthy(image: Path) -> None:
    command = json.loads(_instructions()["HEALTHCHECK"].partition("CMD ")[2])
    with gunicorn(image, environment=clean_environment(OKICHAT_THREADS="4")) as served:
        port = served.url.rpartition(":")[2]
        check = subprocess.run(command, env=clean_environment(PORT=port), check=False, timeout=20)
        page = served.get("/")
    sick = subprocess.run(command, env=clean_environment(PORT=port), check=False, timeout=20, stderr=subprocess.DEVNULL)

    assert "<form" in page
    assert check.returncode == 0
    assert sick.returncode != 0


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


def test_compose_gives_every_part_a_health_check_and_keeps_the_app_on_this_machine() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    assert services["app"]["ports"] == ["127.0.0.1:8000:8000"]
    assert services["app"]["build"]["dockerfile"] == "deploy/Dockerfile"
    waits = {
        name: how["condition"]
        for service in ("app", "migrate")
        for name, how in services[service]["depends_on"].items()
    }
    assert waits == {
        "migrate": "service_completed_successfully",
        "redis": "service_healthy",
        "postgres": "service_healthy",
    }
    assert all("healthcheck" in services[name] for name in ("postgres", "redis"))


def test_systemd_finds_no_fault_in_the_unit() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    unit = ROOT / "deploy" / "systemd" / "okichat@.service"

    said = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False, timeout=60).stderr

    assert [line for line in said.splitlines() if "/opt/okichat/.venv/bin/gunicorn is not executable" not in line] == []
