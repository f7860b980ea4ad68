"""Hosts that forget their disk: GPT stays off there unless the ledger is in Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest

from okichat.money.disk import ephemeral_host, why_gpt_stays_off
from okichat.settings import Settings

WITH_KEY = Settings(openai_api_key="key")
FORGETFUL = [
    ({"DYNO": "web.1"}, "Heroku"),
    ({"VERCEL": "1"}, "Vercel"),
    ({"DIGITALOCEAN_APP_ID": "5a"}, "DigitalOcean App Platform"),
    ({"APP_URL": "https://oki-abc.ondigitalocean.app"}, "DigitalOcean App Platform"),
    ({"RAILWAY_PROJECT_ID": "7"}, "Railway"),
]


@pytest.mark.parametrize(("environ", "host"), FORGETFUL)
def test_gpt_stays_off_on_a_host_that_forgets_its_disk(environ: dict[str, str], host: str) -> None:
    assert ephemeral_host(environ) == host
    sentence = why_gpt_stays_off(WITH_KEY, environ)
    assert sentence is not None
    assert sentence.startswith(f"GPT stays off: {host} forgets the SQLite file")
    assert "DATABASE_URL" in sentence
    assert "OKICHAT_ALLOW_EPHEMERAL_LEDGER=1" in sentence


@pytest.mark.parametrize(("environ", "host"), FORGETFUL)
def test_it_answers_there_with_postgres_or_when_the_operator_allows_it(environ: dict[str, str], host: str) -> None:
    postgres = Settings(openai_api_key="key", database_url="postgresql+psycopg://u:p@db/okichat")
    allowed = Settings(openai_api_key="key", allow_ephemeral_ledger=True)
    assert why_gpt_stays_off(postgres, environ) is None
    assert why_gpt_stays_off(allowed, environ) is None
    assert why_gpt_stays_off(Settings(), environ) is None


def test_a_server_of_one_s_own_keeps_its_disk() -> None:
    assert ephemeral_host({"HOME": "/home/oki", "APP_URL": "https://www.example.fr"}) is None
    assert why_gpt_stays_off(WITH_KEY, {}) is None


def test_railway_with_a_volume_keeps_what_lies_on_the_volume(tmp_path: Path) -> None:
    environ = {"RAILWAY_PROJECT_ID": "7", "RAILWAY_VOLUME_MOUNT_PATH": str(tmp_path)}
    on_it = Settings(openai_api_key="key", database_url=f"sqlite:///{tmp_path}/okichat.db")
    beside = Settings(openai_api_key="key", database_url="sqlite:////var/okichat.db")
    assert why_gpt_stays_off(on_it, environ) is None
    assert "Railway" in (why_gpt_stays_off(beside, environ) or "")
