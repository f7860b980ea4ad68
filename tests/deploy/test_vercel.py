"""Vercel: a real build without an account, and the function that comes out of it answers, streams and looks after itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from okichat.storage import schema
from okichat.storage.engine import Store
from tests.deploy.fleet import answer_in, ask, stream_past_a_gate
from tests.deploy.vercel_function import build, serving, unpack
from tests.doubles.openai_server import OpenAIServer
from tests.servers import PostgresServer, redis_server
from tests.skipping import skipped_without_servers
from tests.waiting import wait_until

pytestmark = [pytest.mark.deploy, pytest.mark.slow]

QUESTION = "Quels documents faut-il pour préparer le bilan ?"


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer) -> str:
    return postgres.new_database("vercel")


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with skipped_without_servers(), redis_server() as server:
        yield server.url


@pytest.fixture(scope="module")
def built(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("vercel") / "okichat"
    return folder, build(folder, DATABASE_URL=database_url, REDIS_URL=redis_url, SECRET_KEY="k" * 32)


@pytest.fixture(scope="module")
def function(built: tuple[Path, subprocess.CompletedProcess[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, done = built
    assert done.returncode == 0, done.stdout + done.stderr
    return unpack(folder, tmp_path_factory.mktemp("function") / "function")


@pytest.fixture
def environment(database_url: str, redis_url: str, model: OpenAIServer) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "k" * 32,
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": model.base_url,
        "OKICHAT_PRICE_INPUT": "0.1",
        "OKICHAT_PRICE_OUTPUT": "0.5",
        "OKICHAT_CACHE_TTL_S": "0",
    }


def test_the_build_makes_one_streaming_function_and_brings_the_database_up_to_date(
    built: tuple[Path, subprocess.CompletedProcess[str]], database_url: str
) -> None:
    folder, done = built
    assert done.returncode == 0, done.stdout + done.stderr
    output = folder / ".vercel" / "output"
    config = json.loads((output / "config.json").read_text())
    store = Store(database_url)
    with store.read() as connection:
        version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    store.close()
    [made] = (output / "functions").glob("*.func")
    function = json.loads((made / ".vc-config.json").read_text())
    assert function["supportsResponseStreaming"] is True
    assert function["maxDuration"] == 60
    assert not [name for name in function["filePathMap"] if name.startswith(("tests/", "docs/", ".git", ".env"))]
    assert config["crons"] == [{"path": "/healthz", "schedule": "0 3 * * *"}]
    assert version == schema.HEAD


def test_a_build_without_postgres_and_redis_fails_and_says_what_to_connect(tmp_path: Path) -> None:
    done = build(tmp_path / "okichat")

    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "DATABASE_URL: Vercel keeps no file" in said
    assert "REDIS_URL: Vercel runs any number of processes" in said
    assert "SECRET_KEY: Vercel runs any number of processes" in said


def test_the_function_answers_and_streams_word_by_word(
    function: Path, environment: dict[str, str], model: OpenAIServer, tmp_path: Path
) -> None:
    with serving(function, tmp_path / "log", environment) as port:
        whole = stream_past_a_gate(port, QUESTION, model, **{"X-Forwarded-For": "203.0.113.9"})
        page = ask(port, "Bonjour")

    assert whole.count("event: delta") > 1
    assert answer_in(whole, streamed=True)["answered_by"] == "gpt"
    assert page.answer["answered_by"] == "small_talk"


def test_what_comes_due_is_done_after_a_reply(
    function: Path, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    with serving(function, tmp_path / "log", environment) as port:
        assert ask(port, QUESTION).answer["answered_by"] == "gpt"
        store = Store(database_url)
        with store.write() as connection:
            connection.execute(text("UPDATE turns SET asked_at = '2020-01-01' WHERE question = :q"), {"q": QUESTION})
    with serving(function, tmp_path / "log", environment) as port:
        ask(port, "Bonjour")
        wait_until(lambda: _questions(store) == [], "the old question is forgotten")
    store.close()


def _questions(store: Store) -> list[str]:
    query = "SELECT question FROM turns WHERE question IS NOT NULL AND asked_at < '2021-01-01'"
    with store.read() as connection:
        return list(connection.execute(text(query)).scalars())
