"""The image of deploy/Dockerfile, made and run without Docker: the same commands, the same files, the same check of its health."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy import dockerfile
from tests.deploy.vercel_function import wanted_python
from tests.served import ROOT, clean_environment, gunicorn

pytestmark = pytest.mark.deploy

WORDS = (
    *("FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"),
    *("ARG", "LABEL", "ADD", "ENTRYPOINT", "SHELL", "STOPSIGNAL", "ONBUILD"),
)
LARGEST_MB = 130  # of the packages; Python's own slim image has 120 more


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies into the image, as far as .dockerignore lets it."""
    folder = tmp_path_factory.mktemp("image")
    dockerfile.copy_into(folder)
    return folder


def _is_healthy(port: str, programs: Path) -> bool:
    """What the image's own check says, with its `python` from this folder."""
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(PORT=port) | {"PATH": path}
    done = subprocess.run(
        dockerfile.command("HEALTHCHECK"), env=environment, capture_output=True, check=False, timeout=60
    )
    return done.returncode == 0


def test_every_line_of_the_dockerfile_is_an_instruction_that_docker_knows() -> None:
    stages = dockerfile.stages()

    assert {word for stage in stages for word, _ in stage} <= set(WORDS)
    assert all(stage[0][0] == "FROM" for stage in stages)
    names = re.findall(r"--from=(\S+)", " ".join(rest for _, rest in stages[-1]))
    assert names == [stages[0][0][1].split(" AS ")[1]]
    assert len({stage[0][1].split(" ")[0] for stage in stages}) == 1  # what one stage compiles has to run in the other


def test_the_image_has_the_python_of_the_other_hosts() -> None:
    wanted = (ROOT / ".python-version").read_text().strip()

    assert all(stage[0][1].startswith(f"python:{wanted}-slim") for stage in dockerfile.stages())


def test_the_image_runs_without_privileges_and_holds_no_secret_and_no_test(files: Path) -> None:
    packed = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}

    assert int(dockerfile.image()["USER"]) >= 1000
    assert not [path for path in packed if path.startswith((".", "tests/", "instance/")) or path.endswith(".pyc")]
    assert not dockerfile.is_in_the_build_context(".env")
    assert not dockerfile.is_in_the_build_context("instance/okichat.db")
    assert not dockerfile.is_in_the_build_context("okichat/.env.local")


def test_what_is_copied_into_the_image_serves_the_page_and_is_healthy(files: Path) -> None:
    here = Path(sys.executable).parent
    with gunicorn(files, environment=clean_environment(OKICHAT_THREADS="4")) as served:
        port = served.url.rpartition(":")[2]
        healthy = _is_healthy(port, here)
        page = served.get("/")

    assert "<form" in page
    assert healthy
    assert not _is_healthy(port, here)


@pytest.mark.slow
def test_what_the_dockerfile_installs_is_small_and_enough_for_what_it_copies(tmp_path: Path) -> None:
    """Its own commands, with the folders of the image elsewhere, and the Python of the image."""
    venv, app = tmp_path / "venv", tmp_path / "okichat"
    places = {"/requirements.txt": str(ROOT / "requirements.txt"), "/venv": str(venv)}
    programs = f"{Path(wanted_python()).parent}{os.pathsep}{os.environ['PATH']}"
    for word, line in dockerfile.stages()[0]:
        if word == "RUN":
            shell = line
            for name, place in places.items():
                shell = shell.replace(name, place)
            done = subprocess.run(
                ["sh", "-ec", shell], env=os.environ | {"PATH": programs}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
    dockerfile.copy_into(app)
    with gunicorn(app, environment=clean_environment(OKICHAT_THREADS="4"), python=str(venv / "bin/python")) as served:
        page = served.get("/")
        healthy = _is_healthy(served.url.rpartition(":")[2], venv / "bin")

    size_mb = sum(file.lstat().st_size for file in venv.rglob("*") if file.suffix != ".pyc") / 1e6
    assert "<form" in page
    assert healthy
    assert not (venv / "bin" / "pip").exists()
    assert size_mb < LARGEST_MB


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


def test_the_commands_of_the_page_set_all_that_compose_demands() -> None:
    demanded = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    commands = (ROOT / "docs" / "deploy" / "docker.md").read_text().split("```")[1]

    assert demanded
    assert demanded == set(re.findall(r"^echo \"(\w+)=.*>> \.env$", commands, re.MULTILINE))
