"""PgBouncer between Okichat and Postgres, as hosts put it there: the store works through it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from okichat.storage.engine import Store
from okichat.storage.facts import Facts
from okichat.storage.schema import prepare
from tests.ports import free_port, wait_until_listening
from tests.servers import PostgresServer

pytestmark = pytest.mark.deploy


@pytest.fixture
def pooled(postgres: PostgresServer) -> Iterator[Store]:
    """A store that reaches Postgres by PgBouncer, which knows no more of it than by default."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    with tempfile.TemporaryDirectory(prefix="okichat-pgbouncer-") as folder:
        port = free_port()
        database = f"pooled_{port}"
        postgres.new_database(database)
        process = _start(program, Path(folder), port, f"{postgres.url.rpartition('host=')[2]} dbname={database}")
        store = Store(f"postgresql+psycopg://postgres@127.0.0.1:{port}/okichat")
        try:
            wait_until_listening(port, process)
            yield store
        finally:
            store.close()
            process.terminate()
            process.wait(20)


def _start(program: str, folder: Path, port: int, database: str) -> subprocess.Popen[bytes]:
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\nokichat = host={database}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\npool_mode = session\nunix_socket_dir =\nlogfile = {folder}/log\n"
    )
    command = [program, "-q", str(folder / "pgbouncer.ini")]
    if os.geteuid() == 0:  # as root it refuses to run
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "postgres")
        command = ["runuser", "-u", "postgres", "--", *command]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def test_tables_are_made_and_read_through_it_and_waits_are_bounded(pooled: Store) -> None:
    prepare(pooled)
    facts = Facts(pooled)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: facts.write(f"n{number}", str(number)), range(80)))
    with pooled.read() as connection:
        bounds = [connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]

    assert len(facts.starting_with("n")) == 80
    assert bounds == ["2s", "10s"]
