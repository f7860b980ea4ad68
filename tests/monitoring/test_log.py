"""Where events go: to standard output while the app serves, beside what a command prints while one runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.served import ROOT, clean_environment

CODE = """
from okichat.clock import SystemClock
from okichat.factory import configure_logging
from okichat.monitoring.journal import Journal

configure_logging()
Journal(SystemClock()).event("security_event", kind="traffic_peak", state="begun", times=90)
"""


@pytest.mark.parametrize(("more", "is_command"), [({}, False), ({"FLASK_RUN_FROM_CLI": "true"}, True)])
def test_an_event_is_one_line_of_json_on_the_right_stream(more: dict[str, str], is_command: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=clean_environment(**more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    event, nothing = (done.stderr, done.stdout) if is_command else (done.stdout, done.stderr)
    assert nothing == ""
    assert json.loads(event)["event"] == "security_event"
