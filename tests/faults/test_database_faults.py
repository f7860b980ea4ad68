"""The database fails in every way a database can: visitors are answered, nothing is half-written, no unrecorded cent is spent."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.doubles.openai_server import OpenAIServer
from tests.faults.asking import JSON, WAYS, Reply, ask
from tests.faults.gunicorn_app import gunicorn_app
from tests.faults.served import PATIENT, Served, served
from tests.servers import postgres_server
from tests.skipping import skipped_without_servers
from tests.waiting import wait_until

QUESTION = "Quels sont vos horaires d'ouverture ?"
# One visitor a second waits for a database that is held by another; the machine may be busy besides.
_WAITS_S = 10.0


@contextmanager
def on_sqlite(model: OpenAIServer, file: Path) -> Iterator[Served]:
    with served(openai_base_url=model.base_url, database_url=f"sqlite:///{file}", **PATIENT) as app:
        yield app


def ask_in_every_way(app: Served) -> list[Reply]:
    return [ask(app.port, way, QUESTION) for way in WAYS]


def assert_answered_unpaid(replies: list[Reply], model: OpenAIServer, app: Served) -> None:
    assert [(reply.status, reply.answered_by) for reply in replies] == [(200, "local")] * len(WAYS)
    assert all(reply.is_whole and reply.took_s < _WAITS_S for reply in replies)
    assert model.requests == []
    assert any(name == "store_unavailable" for name, _ in app.events)


def wait_until_gpt_answers(app: Served) -> None:
    """For a moment nobody waits for a database that others have just waited for in vain: storage/rest.py."""

    def is_back() -> bool:
        app.parts.upkeep.do_round()
        return ask(app.port, JSON, QUESTION).answered_by == "gpt"

    wait_until(is_back, "the database is used again, and GPT answers")


def test_visitors_are_answered_while_another_process_has_locked_sqlite(
    model: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("okichat.storage.engine._LOCK_TIMEOUT_S", 1.0)
    with on_sqlite(model, tmp_path / "okichat.db") as app:
        with closing(sqlite3.connect(tmp_path / "okichat.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert_answered_unpaid(ask_in_every_way(app), model, app)
            other.execute("ROLLBACK")

        wait_until_gpt_answers(app)
        assert app.money().problems == []


def test_visitors_are_answered_while_the_disk_is_full(model: OpenAIServer, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    try:
        with on_sqlite(model, disk / "okichat.db") as app:
            _fill(disk / "ballast")
            assert_answered_unpaid(ask_in_every_way(app), model, app)
            (disk / "ballast").unlink()

            assert ask(app.port, JSON, QUESTION).answered_by == "gpt"
            assert app.money().problems == []
            assert app.money().open_reservations == 0
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        for size in (4096, 512, 1):
            try:
                while True:
                    ballast.write(b"0" * size)
            except OSError:
                continue


def test_visitors_are_answered_while_the_database_may_only_be_read(model: OpenAIServer) -> None:
    # The system's administrator may write everywhere; without this privilege the app is anybody.
    prefix = ("setpriv", "--bounding-set=-dac_override") if shutil.which("setpriv") and Path("/root").stat() else ()
    with gunicorn_app(starts=False, OPENAI_BASE_URL=model.base_url) as app:
        app.start(*prefix)
        app.kill()
        folder = app.log.parent
        for file in folder.glob("okichat.db*"):
            file.chmod(0o444)
        folder.chmod(0o555)
        try:
            app.start(*prefix)
            replies = [ask(app.port, way, QUESTION) for way in WAYS]
        finally:
            folder.chmod(0o755)
        events = app.events()

    assert [(reply.status, reply.answered_by) for reply in replies] == [(200, "local")] * len(WAYS)
    assert model.requests == []
    assert "store_unavailable" in events


def test_a_deleted_database_stops_paid_calls_and_nothing_else(model: OpenAIServer, tmp_path: Path) -> None:
    with on_sqlite(model, tmp_path / "okichat.db") as app:
        assert ask(app.port, JSON, QUESTION).answered_by == "gpt"
        model.forget()
        for file in tmp_path.glob("okichat.db*"):
            file.unlink()

        assert_answered_unpaid(ask_in_every_way(app), model, app)


def test_postgres_may_be_restarted_under_the_app(model: OpenAIServer) -> None:
    with (
        skipped_without_servers(),
        postgres_server() as postgres,
        served(openai_base_url=model.base_url, database_url=postgres.url, **PATIENT) as app,
    ):
        assert ask(app.port, JSON, QUESTION).answered_by == "gpt"
        postgres.stop()
        model.forget()
        assert_answered_unpaid(ask_in_every_way(app), model, app)
        postgres.start()
        wait_until_gpt_answers(app)

        assert [ask(app.port, way, QUESTION).answered_by for way in WAYS] == ["gpt"] * len(WAYS)
        assert app.money().problems == []
        assert app.money().open_reservations == 0


def test_an_app_that_was_started_without_its_database_uses_it_once_it_is_there(model: OpenAIServer) -> None:
    with skipped_without_servers(), postgres_server() as postgres:
        postgres.stop()
        with served(openai_base_url=model.base_url, database_url=postgres.url, **PATIENT) as app:
            assert_answered_unpaid(ask_in_every_way(app), model, app)
            postgres.start()

            wait_until_gpt_answers(app)
