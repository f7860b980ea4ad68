"""What gunicorn.conf.py promises, asked of a real gunicorn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.served import ROOT, clean_environment, configured, gunicorn
from tests.waiting import wait_until

SAYS_WHY = "1 runs: more need REDIS_URL"


def _environment(**settings: str) -> dict[str, str]:
    return clean_environment(PYTHONPATH=str(ROOT), OKICHAT_THREADS="4", **settings)


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [((), {"WEB_CONCURRENCY": "4"}), (("-w", "4"), {}), (("--workers", "3"), {"WEB_CONCURRENCY": "2"})],
)
def test_without_redis_exactly_one_process_answers_whatever_asks_for_more(
    arguments: tuple[str, ...], settings: dict[str, str], tmp_path: Path
) -> None:
    with gunicorn(tmp_path, *configured(*arguments), environment=_environment(**settings)) as served:
        time.sleep(0.5)  # a second worker would have been there by now

        assert served.workers() == 1
        assert served.log.read_text().count(SAYS_WHY) == 1


def test_without_redis_signals_add_no_process_either(tmp_path: Path) -> None:
    with gunicorn(tmp_path, *configured("-w", "4"), environment=_environment()) as served:
        [first] = served.children()
        os.kill(served.pid, signal.SIGTTIN)
        wait_until(lambda: served.log.read_text().count(SAYS_WHY) == 2, "one more is refused")
        assert served.children() == [first]

        os.kill(served.pid, signal.SIGHUP)
        wait_until(lambda: served.workers() == 1 and served.children() != [first], "another worker has taken its place")
        assert served.get("/")


def test_with_redis_as_many_processes_answer_as_are_asked_for(tmp_path: Path) -> None:
    environment = _environment(WEB_CONCURRENCY="2", REDIS_URL="redis://127.0.0.1:1/0", SECRET_KEY="k" * 32)
    with gunicorn(tmp_path, *configured(), environment=environment) as served:
        wait_until(lambda: served.workers() == 2, "two workers are there")
        assert SAYS_WHY not in served.log.read_text()


def _refused_start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", *configured("--bind", "127.0.0.1:0"), "wsgi:app"],
        cwd=tmp_path,
        env=_environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=80,
    )


def test_wrong_settings_stop_the_start_with_one_line_each_and_no_traceback(tmp_path: Path) -> None:
    done = _refused_start(
        tmp_path, OKICHAT_BUDGET_USD="twenty", OKICHAT_TRUSTED_HOPS="-1", OPENAI_API_KEY="sk-never-shown"
    )

    assert done.returncode == 1
    assert done.stderr.count("OKICHAT_BUDGET_USD: read 'twenty'") == 1
    assert done.stderr.count("OKICHAT_TRUSTED_HOPS: read '-1'") == 1
    assert len(done.stderr.splitlines()) == 2
    assert "sk-never-shown" not in done.stdout + done.stderr


def test_a_bad_knowledge_file_stops_the_start_with_its_name_and_line_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "topics" / "fr").mkdir(parents=True)
    (tmp_path / "topics" / "fr" / "tarifs.md").write_text("---\ntitle: [\n---\nNos tarifs.\n", encoding="utf-8")

    done = _refused_start(tmp_path, OKICHAT_KNOWLEDGE=str(tmp_path / "topics"))

    assert done.returncode == 1
    assert "tarifs.md:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "127.0.0.1:8000"),
        ({"PORT": "5099"}, "0.0.0.0:5099"),
        ({"PORT": "5099", "OKICHAT_HOST": "127.0.0.1"}, "127.0.0.1:5099"),
        ({"PORT": "5099", "OKICHAT_HOST": "::1"}, "[::1]:5099"),
    ],
)
def test_all_addresses_are_served_only_where_a_host_says_the_port(
    settings: dict[str, str], address: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "gunicorn", *configured("--print-config"), "wsgi:app"]
    printed = subprocess.check_output(command, cwd=tmp_path, env=_environment(**settings), text=True, timeout=80)

    assert f"['{address}']" in next(line for line in printed.splitlines() if line.startswith("bind "))


def test_a_port_in_the_env_file_is_served_on_this_machine_only(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=5099\n")
    command = [sys.executable, "-m", "gunicorn", *configured("--print-config"), "wsgi:app"]

    printed = subprocess.check_output(command, cwd=tmp_path, env=_environment(), text=True, timeout=80)

    assert "['127.0.0.1:5099']" in printed


def _requests_in(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if line.startswith("GET ")]


def test_the_access_log_holds_no_query_and_no_address(tmp_path: Path) -> None:
    arguments = configured("--access-logfile", "-")
    with gunicorn(tmp_path, *arguments, environment=_environment()) as served:
        served.get("/?question=secret")
        wait_until(lambda: _requests_in(served.log), "the request is in the log")
        lines = _requests_in(served.log)

    assert not any("secret" in line or "127.0.0.1" in line for line in lines)


def test_processes_that_are_no_number_are_told_with_the_other_mistakes() -> None:
    """gunicorn reads WEB_CONCURRENCY before our configuration, so `make run` asks the configuration first."""
    environment = clean_environment(WEB_CONCURRENCY="many", PORT="http")
    told = subprocess.run(
        [sys.executable, "gunicorn.conf.py"], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert told.returncode == 1
    assert [line.split(":")[0] for line in told.stderr.splitlines()] == ["PORT", "WEB_CONCURRENCY"]
