"""A real Redis that can be killed and started again on the same port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

import pytest

_START_S = 90.0  # a closed connection keeps its port for a minute


class RedisAt:
    """Begins stopped. Skips the test where redis-server is not installed."""

    def __init__(self) -> None:
        found = shutil.which("redis-server")
        if found is None:
            pytest.skip("redis-server is not installed: apt-get install redis-server")
        self._program = found
        self._folder = tempfile.TemporaryDirectory(prefix="okichat-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process number."""
        assert self._process is not None, "not started"
        return self._process.pid

    def url_with_password(self, password: str) -> str:
        """The same with a password."""
        return f"redis://:{password}@127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Empty; returns when it listens."""
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name]
        command = [self._program, *fixed, *options]
        until_s = time.monotonic() + _START_S
        while True:
            # While it was down, its port may have served as the near end of somebody's connection: then it has to wait.
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if self._listens():
                return
            assert time.monotonic() < until_s, "redis-server does not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """At once, as a crash."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait(_START_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._folder.cleanup()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
