"""Starts what is measured: Okichat and the floor, each under one gunicorn process of the same kind, on this machine only."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
THREADS = 320  # the default of OKICHAT_THREADS
START_BOUND_S = 60
REST_S, MOST_TICKS_AT_REST = 1.0, 3  # hundredths of a second of work within that
NO_LIMIT = "1000000 per 1 second"


@dataclass(frozen=True)
class Served:
    """One app that listens on `port` and answered its first page `start_s` after its start."""

    name: str
    port: int
    start_s: float
    pid: int = 0

    def memory_mb(self) -> float | None:
        """What the process that answers holds in memory; None where the system does not tell as Linux does."""
        try:
            resident = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{self._workers()[0]}/status").read_text())
        except (OSError, IndexError):
            return None
        return int(resident[1]) / 1024 if resident else None

    def memory_of_all_mb(self) -> float:
        """What all its processes hold together, shared pages counted once; 0 where the system does not tell."""
        total_kb = 0
        with contextlib.suppress(OSError):
            for pid in (str(self.pid), *self._workers()):
                share = re.search(r"^Pss:\s*(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
                total_kb += int(share[1]) if share else 0
        return total_kb / 1024

    def settle(self) -> None:
        """Wait until the process that answers has done what it does beside its first visitors."""
        until_s, before = time.monotonic() + START_BOUND_S, -1
        while time.monotonic() < until_s and (now := self._work_ticks()) - before > MOST_TICKS_AT_REST:
            before = now
            time.sleep(REST_S)

    def _work_ticks(self) -> int:
        try:
            fields = Path(f"/proc/{self._workers()[0]}/stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            time.sleep(REST_S)
            return 0
        return int(fields[11]) + int(fields[12])

    def _workers(self) -> list[str]:
        return Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()


def okichat_command(port: int) -> list[str]:
    """Okichat as a host starts it."""
    return ["-c", str(ROOT / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}", "wsgi:app"]


def floor_command(port: int) -> list[str]:
    """The bare app with the same worker class, threads and preloading."""
    same = ["--worker-class", "gthread", "--threads", str(THREADS), "--preload", "--no-control-socket"]
    return [*same, "--bind", f"127.0.0.1:{port}", "bench.floor:app"]


COMMANDS = {"okichat": okichat_command, "floor": floor_command}


@contextlib.contextmanager
def served(name: str, **settings: str) -> Iterator[Served]:
    """The app `name` ("okichat" or "floor"), with these settings, stopped when the block ends."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:  # no .env from here, and a store of its own
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--log-level", "error", *COMMANDS[name](port)],
            cwd=folder,
            env=_environment(folder) | settings,
        )
        try:
            _wait_for_page(process, port)
            yield Served(name, port, time.perf_counter() - begun, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=40)


def _environment(folder: str) -> dict[str, str]:
    """Local answers only, and no limit in the way; everything else at its default."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"sqlite:///{folder}/okichat.db",
        "OKICHAT_RATE_LIMIT": NO_LIMIT,
        "OKICHAT_DAILY_LIMIT": "off",
        "OKICHAT_THREADS": str(THREADS),
    }


def _wait_for_page(process: subprocess.Popen[bytes], port: int) -> None:
    bound = time.perf_counter() + START_BOUND_S
    while time.perf_counter() < bound:
        if process.poll() is not None:
            raise SystemExit("bench: gunicorn stopped at its start; its message is above")
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_BOUND_S)
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.002)
    raise SystemExit(f"bench: no page within {START_BOUND_S} seconds")
