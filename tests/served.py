"""Okichat under a real gunicorn, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port, wait_until_serving

ROOT = Path(__file__).resolve().parent.parent
_BOUND_S = 60


@dataclass(frozen=True)
class Served:
    """A gunicorn that answers at `url`; what it says is in `log`."""

    url: str
    pid: int
    log: Path

    def get(self, path: str) -> str:
        """The body at `path`; raises for anything but a 2xx."""
        with urllib.request.urlopen(self.url + path, timeout=_BOUND_S) as reply:
            return str(reply.read().decode())

    def workers(self) -> int:
        """How many processes answer requests."""
        return len(self.children())

    def children(self) -> list[int]:
        """The processes that answer requests."""
        processes = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in processes.stdout.splitlines())
        return [int(process) for process, parent in pairs if int(parent) == self.pid]


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment of a machine where nothing is set but `settings`."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | settings


@contextlib.contextmanager
def gunicorn(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str],
    app: str = "wsgi:app",
    python: str = sys.executable,
    scheme: str = "http",
) -> Iterator[Served]:
    """gunicorn with `arguments`, started in `folder` (its store goes there) and stopped when the block ends.

    `scheme` is "https" where the arguments name a certificate."""
    port = free_port()
    log = folder / "gunicorn.log"
    command = [python, "-m", "gunicorn", *arguments, "--bind", f"127.0.0.1:{port}", app]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
    try:
        served = Served(f"{scheme}://127.0.0.1:{port}", process.pid, log)
        wait_until_serving(f"{served.url}/", process, log, _BOUND_S)
        yield served
    finally:
        process.terminate()
        process.wait(timeout=40)


def configured(*arguments: str) -> Sequence[str]:
    """Arguments that take the configuration and the code of this checkout, wherever gunicorn is started."""
    return ["-c", str(ROOT / "gunicorn.conf.py"), *arguments]
