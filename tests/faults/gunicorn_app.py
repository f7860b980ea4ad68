"""The app as it runs in production: gunicorn with its own configuration, in processes that can be stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port, wait_until_serving

_ROOT = Path(__file__).parents[2]
_START_S = 60.0


class GunicornApp:
    """One instance of the app; start it, stop it, start it again on the same port and store."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """`environment` over a model that may take its time, a free port and a store in `folder`."""
        self.port = free_port()
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PORT": str(self.port),
            "OKICHAT_HOST": "127.0.0.1",
            "DATABASE_URL": f"sqlite:///{folder}/okichat.db",
            "OPENAI_API_KEY": "sk-fault-suite",
            "OKICHAT_FIRST_TOKEN_S": "100",
            "OKICHAT_DEADLINE_S": "120",
            "OKICHAT_PRICE_INPUT": "0.1",
            "OKICHAT_PRICE_OUTPUT": "0.5",
            "OKICHAT_CACHE_TTL_S": "0",
            "OKICHAT_RATE_LIMIT": "100000 per minute",
            "OKICHAT_DAILY_LIMIT": "off",
            **environment,
        }

    def start(self, *prefix: str) -> None:
        """Returns when it answers. `prefix` is put before the command, e.g. to take privileges away."""
        command = [*prefix, sys.executable, "-m", "gunicorn", "wsgi:app"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=_ROOT, env=self._environment, stdout=log, stderr=log)
        wait_until_serving(f"http://127.0.0.1:{self.port}/healthz", self._process, self.log, _START_S)

    def terminate(self) -> None:
        """SIGTERM, as a host stops it. Does not wait."""
        self._running().terminate()

    def wait(self, within_s: float = 30.0) -> float:
        """How long it took until it was gone."""
        started = time.monotonic()
        self._running().wait(within_s)
        return time.monotonic() - started

    def kill(self) -> None:
        """SIGKILL to the worker and its parent, as when a machine goes down."""
        process = self._running()
        for pid in (process.pid, *self.workers()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(40)

    def workers(self) -> list[int]:
        """Process numbers of the workers."""
        children = Path(f"/proc/{self._running().pid}/task/{self._running().pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def memory_kib(self) -> int:
        """What the workers hold in memory, each page once."""
        return sum(_figure(pid, "smaps_rollup", "Pss:") for pid in self.workers())

    def threads(self) -> int:
        """Threads of the workers."""
        return sum(_figure(pid, "status", "Threads:") for pid in self.workers())

    def open_files(self) -> int:
        """Files and sockets that the workers hold open."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.workers())

    def events(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process


@contextmanager
def gunicorn_app(*, starts: bool = True, **environment: str) -> Iterator[GunicornApp]:
    """A running app in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="okichat-gunicorn-") as folder,
        GunicornApp(Path(folder), environment) as app,
    ):
        if starts:
            app.start()
        yield app


def _figure(pid: int, file: str, name: str) -> int:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise AssertionError(f"/proc/{pid}/{file} has no {name}")
