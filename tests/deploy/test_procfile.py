"""The Procfile, run by the program that runs Procfiles on a developer's machine, as Heroku runs it: the release, then the web."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from okichat.storage import schema
from okichat.storage.engine import Store
from tests.deploy.fleet import ask
from tests.ports import free_port, wait_until_serving
from tests.served import ROOT, clean_environment

pytestmark = pytest.mark.deploy


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A dyno's: the programs of the environment on the PATH, a port, a database."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"PORT": str(free_port()), "OKICHAT_HOST": "127.0.0.1", "OKICHAT_THREADS": "4"}
    return clean_environment(DATABASE_URL=f"sqlite:///{tmp_path}/okichat.db", DYNO="web.1", **settings) | {
        "PATH": programs
    }


def _honcho(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "honcho", "--procfile", str(ROOT / "Procfile"), "--env", "/dev/null", *arguments]


def test_the_release_brings_the_database_up_to_date_and_the_web_answers(
    environment: dict[str, str], tmp_path: Path
) -> None:
    # `honcho run` takes a command, so the line of the release is given to it as the Procfile has it.
    release = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())["release"]
    subprocess.run(_honcho("run", *release.split()), cwd=ROOT, env=environment, check=True, timeout=160)
    store = Store(environment["DATABASE_URL"])
    with store.read() as connection:
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    store.close()
    port = int(environment["PORT"])
    log = tmp_path / "honcho.log"
    with log.open("w") as output:
        command = _honcho("start", "web")
        web = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        wait_until_serving(f"http://127.0.0.1:{port}/healthz", web, log, within_s=60)
        answer = ask(port, "Bonjour").answer
        web.send_signal(signal.SIGTERM)
        web.wait(40)
    finally:
        if web.poll() is None:
            os.killpg(web.pid, signal.SIGKILL)
            web.wait(10)

    assert version == schema.HEAD
    assert answer["answered_by"] == "small_talk"
    assert f"http://127.0.0.1:{port}" in log.read_text()


def test_a_release_that_cannot_reach_its_database_fails_so_that_the_old_version_stays(
    environment: dict[str, str],
) -> None:
    command = [str(shutil.which("flask", path=environment["PATH"])), "--app", "wsgi", "okichat", "migrate"]
    unreachable = environment | {"DATABASE_URL": "postgres://okichat:hunter2@127.0.0.1:1/okichat"}

    done = subprocess.run(command, cwd=ROOT, env=unreachable, capture_output=True, text=True, check=False, timeout=160)

    assert done.returncode != 0
    assert "the database of DATABASE_URL cannot be used" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
