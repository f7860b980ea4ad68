"""Ports of this machine: a free one, and the wait until a process listens or serves there."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

_PAUSE_S = 0.02
# Systems give the near ends of connections ports from 32768 on: there, a free one may be taken before a process listens on it,
# and a connection that finds nobody there may find itself. Chromium opens no page on some ports below.
_NEVER_GIVEN = (12_000, 32_000)
_WORKERS = 32


def free_port() -> int:
    """A port that nothing listens on, and that stays free also while a process that listened on it is started again."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # each has ports of its own
    first, end = _NEVER_GIVEN
    while is_listening(port := secrets.choice(range(first + worker % _WORKERS, end, _WORKERS))):
        continue
    return port


def is_listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_listening(port: int, process: subprocess.Popen[bytes], within_s: float = 30.0) -> None:
    """Returns when the process takes connections. Raises RuntimeError where it ends or does not come to that."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s and process.poll() is None:
        if is_listening(port):
            return
        time.sleep(_PAUSE_S)
    raise RuntimeError(f"{process.args!r} did not come to listen on port {port}")


def wait_until_serving(url: str, process: subprocess.Popen[bytes], log: Path, within_s: float) -> None:
    """Returns when `url` is answered with a 2xx. Raises AssertionError with the log where it is answered otherwise or not at all."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url} was answered with {error.code}:\n{log.read_text()}") from error
        except OSError:
            time.sleep(_PAUSE_S)
    raise AssertionError(f"{url} was not answered:\n{log.read_text()}")
