"""Real servers for tests and benchmarks: a Postgres and a Redis of one's own, gone afterwards.

Both work as root (Postgres refuses to run as root, so it runs as the user postgres) and as an ordinary user."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port, wait_until_listening

_START_TIMEOUT_S = 30.0
_PORT_FREE_S = 90.0  # a closed connection keeps its port for a minute


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


class RedisServer:
    """A Redis of one's own that keeps nothing on disk. It begins stopped, and starts, dies and starts again on the same port."""

    def __init__(self, folder: Path) -> None:
        """Raises ServerMissing."""
        program = shutil.which("redis-server")
        if program is None:
            raise ServerMissing("redis-server is not installed: apt-get install redis-server")
        self.port = free_port()
        fixed = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]
        self._command = [program, *fixed]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"redis://127.0.0.1:{self.port}/0"

    def url_with_password(self, password: str) -> str:
        """The same with a password."""
        return f"redis://:{password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._running().pid

    def start(self, *options: str) -> None:
        """Empty; returns when it listens. `options` are those of redis-server."""
        until_s = time.monotonic() + _PORT_FREE_S
        while True:
            process = subprocess.Popen([*self._command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._process = process
            try:
                return wait_until_listening(self.port, process)
            except RuntimeError:
                # While it was down, its port may have served as the near end of somebody's connection: then it has to wait.
                if time.monotonic() > until_s:
                    raise
            process.kill()
            process.wait(10)
            time.sleep(0.05)

    def kill(self) -> None:
        """At once, as a crash."""
        self._running().kill()
        self._running().wait(10)

    def close(self) -> None:
        """End it, where it runs; also one that hangs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process


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
def redis_server(*, starts: bool = True) -> Iterator[RedisServer]:
    """A Redis on a free port of the loopback address. Raises ServerMissing."""
    with tempfile.TemporaryDirectory(prefix="okichat-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            if starts:
                server.start()
            yield server
        finally:
            server.close()


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
