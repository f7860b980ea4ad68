"""Real servers for tests and benchmarks: a Postgres and a Redis of one's own, gone afterwards.

Both work as root (Postgres refuses to run as root, so it runs as the user postgres) and as an ordinary user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_TIMEOUT_S = 30.0


class ServerMissing(Exception):
    """The program is not installed; the message names the package."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running Postgres. `url` is that of an empty database; `new_database` makes another one."""

    url: str
    _folder: Path
    _control: tuple[str, ...]

    def new_database(self, name: str) -> str:
        """Create an empty database and give its URL."""
        import psycopg

        with psycopg.connect(self.url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url.replace("/okichat?", f"/{name}?")

    def restart(self) -> None:
        """Kill every connection, as a crash does, and start again on the same data."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """End at once, without waiting for the connections."""
        subprocess.run([*self._control, "-m", "immediate", "stop"], check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        """Start on the data there is; returns when it accepts connections."""
        subprocess.run(
            [*self._control, "-w", "-t", str(int(_START_TIMEOUT_S)), "start"],
            check=True,
            capture_output=True,
            timeout=60,
        )


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running Redis, empty, which keeps nothing on disk."""

    url: str
    pid: int


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a Postgres in a temporary folder; it listens on a socket file only. Raises ServerMissing."""
    initdb, control = _postgres_binary("initdb"), _postgres_binary("pg_ctl")
    as_user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    # Short: a socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="okichat-pg-", dir="/tmp"))
    data = folder / "data"
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    # The data is thrown away, so it need not reach the disk; everything else is as in production.
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
    command = (*as_user, control, "-D", str(data), "-l", str(folder / "log"), "-o", options)
    server = PostgresServer(f"postgresql+psycopg://postgres@/okichat?host={folder}", folder, command)
    try:
        create = [
            *as_user,
            initdb,
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(create, check=True, capture_output=True, timeout=120, cwd=folder)
        server.start()
        _create_first_database(folder)
        yield server
    finally:
        if (data / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a Redis on a free port of the loopback address. Raises ServerMissing."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise ServerMissing("redis-server is not installed: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="okichat-redis-") as folder:
        port = _free_port()
        settings = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen([binary, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for_port(port, process)
            yield RedisServer(f"redis://127.0.0.1:{port}/0", process.pid)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _postgres_binary(name: str) -> str:
    """Debian keeps the server's programs outside PATH; what lies in PATH may be a wrapper that insists on one user."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise ServerMissing(f"{name} is not installed: apt-get install postgresql")
    return found


def _create_first_database(folder: Path) -> None:
    import psycopg

    with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as connection:
        connection.execute("CREATE DATABASE okichat")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server on port {port} did not start")
