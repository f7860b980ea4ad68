"""The tables: what the migrations make is what tables.py says, and many processes may start at once."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from okichat.errors import StoreUnavailable
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import metadata
from tests.servers import PostgresServer

START = """
import sys
from okichat.storage import schema
from okichat.storage.engine import Store
schema.prepare(Store(sys.argv[1]))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/okichat.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database(re.sub(r"\W+", "_", request.node.name)[:60])


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


def version(store: Store) -> str | None:
    with store.read() as connection:
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def set_version(store: Store, to: str) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": to})


@pytest.mark.parametrize("in_steps", [True, False], ids=["steps", "whole"])
def test_the_migrations_make_the_tables_of_the_code(store: Store, in_steps: bool) -> None:
    if in_steps:
        with schema.locked(store) as connection:
            schema.upgrade(connection)
    schema.prepare(store)
    assert version(store) == schema.HEAD
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_code_knows_every_migration_in_its_order() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).with_name("migrations")))
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == schema.REVISIONS


def test_preparing_again_keeps_what_is_there(store: Store) -> None:
    schema.prepare(store)
    with store.write() as connection:
        connection.execute(text("INSERT INTO facts (name, value) VALUES ('a', 'b')"))

    schema.prepare(store)
    schema.migrate(store)
    with store.read() as connection:
        assert connection.scalar(text("SELECT value FROM facts")) == "b"
    assert version(store) == schema.HEAD


def test_processes_that_start_at_once_on_an_empty_database_all_come_up(url: str, store: Store) -> None:
    starts = [subprocess.Popen([sys.executable, "-c", START, url], stderr=subprocess.PIPE, text=True) for _ in range(6)]
    complaints = [start.communicate(timeout=120)[1] for start in starts]

    assert [start.returncode for start in starts] == [0] * 6, complaints
    assert version(store) == schema.HEAD


def test_while_one_migrates_the_others_wait(store: Store, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("okichat.storage.engine._LOCK_TIMEOUT_S", 0.05)
    with schema.locked(store) as connection:
        if store.is_sqlite:
            with pytest.raises(StoreUnavailable), Store(url).write():
                pass
        else:
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            assert connection.scalar(text(held)) == 1


def test_a_start_that_finds_the_tables_does_not_import_alembic(url: str, store: Store) -> None:
    schema.prepare(store)
    check = f"{START}print('alembic' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", check, url], check=True, timeout=60, capture_output=True, text=True)

    assert ended.stdout.strip() == "False"


def test_a_newer_database_is_used_as_it_is(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    schema.prepare(store)
    set_version(store, "9999")
    schema.prepare(store)
    assert version(store) == "9999"
    assert "which this code" in caplog.text


class TestAnOlderDatabase:
    """The code is made to expect one migration more than there is."""

    @pytest.fixture
    def migrated(self, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
        schema.prepare(store)
        scripts = tmp_path / "migrations"
        (scripts / "versions").mkdir(parents=True)
        shipped = Path(schema.__file__).with_name("migrations")
        for name in ("env.py", *(f"versions/{path.name}" for path in (shipped / "versions").glob("*.py"))):
            (scripts / name).write_text((shipped / name).read_text(encoding="utf-8"), encoding="utf-8")
        next_one = (
            "from alembic import op\nimport sqlalchemy as sa\n"
            f"revision = 'next'\ndown_revision = '{schema.HEAD}'\nbranch_labels = None\ndepends_on = None\n"
            "def upgrade():\n    op.create_table('newcomer', sa.Column('id', sa.Integer, primary_key=True))\n"
        )
        (scripts / "versions" / "next.py").write_text(next_one, encoding="utf-8")
        monkeypatch.setattr(schema, "_SCRIPTS", scripts)
        monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "next"))
        monkeypatch.setattr(schema, "HEAD", "next")
        return store

    def test_sqlite_is_migrated_at_start_and_postgres_waits_for_the_command(
        self, migrated: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        schema.prepare(migrated)
        if migrated.is_sqlite:
            assert version(migrated) == "next"
        else:
            assert version(migrated) == schema.REVISIONS[-2]
            assert "run `python -m okichat migrate`" in caplog.text

        schema.migrate(migrated)
        assert version(migrated) == "next"
        with migrated.read() as connection:
            assert inspect(connection).has_table("newcomer")


def test_a_database_that_is_away_is_reported_as_such() -> None:
    with pytest.raises(StoreUnavailable):
        schema.prepare(Store("postgresql+psycopg://nobody@127.0.0.1:9/none"))
