"""A Redis with TLS and a certificate of its own making, as Heroku's: reached when the operator says so, else refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from okichat.monitoring.journal import Fact
from okichat.settings import Settings
from tests.doubles.openai_server import OpenAIServer
from tests.ports import free_port
from tests.servers import redis_server
from tests.site import Site
from tests.skipping import skipped_without_servers
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.deploy

QUESTION = "Quels documents faut-il pour préparer le bilan ?"


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A real Redis that speaks TLS and nothing else."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    certificate, key = tmp_path / "redis.crt", tmp_path / "redis.key"
    subject = ["-subj", "/CN=somewhere-else.example", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make, *subject], check=True, capture_output=True, timeout=60)
    port = free_port()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    with skipped_without_servers(), redis_server(starts=False) as redis:
        redis.start(*tls, "--tls-auth-clients", "no")
        yield f"rediss://127.0.0.1:{port}/0"


@pytest.fixture
def gpt_settings(redis_url: str, model: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of an app that asks `model` and has all the patience with Redis."""
    for timeout in ("cache.redis_shelf._TIMEOUT_S", "web.limits._REDIS_TIMEOUT_S"):
        monkeypatch.setattr(f"okichat.{timeout}", PATIENCE_S)
    keys = {"OPENAI_API_KEY": "sk-test-key", "SECRET_KEY": "k" * 32}
    return {**keys, "OPENAI_BASE_URL": model.base_url, "REDIS_URL": redis_url, "OKICHAT_CACHE_TTL_S": "3600"}


def _keys(redis_url: str) -> list[str]:
    import redis

    with redis.Redis.from_url(redis_url, ssl_cert_reqs="none", decode_responses=True) as client:
        return sorted(client.keys())


def test_limit_and_cache_are_kept_in_it_when_the_certificate_is_not_to_be_checked(
    redis_url: str, gpt_settings: dict[str, str], open_site: Callable[..., Site]
) -> None:
    site = open_site(**gpt_settings, OKICHAT_REDIS_TLS_VERIFY="no", OKICHAT_RATE_LIMIT="5 per 15 minutes")
    answered_by = [site.ask(QUESTION)["answered_by"] for _ in range(2)]
    statuses = [site.post("Bonjour").status_code for _ in range(4)]
    keys = _keys(redis_url)

    assert answered_by == ["gpt", "cache"]
    assert statuses == [200, 200, 200, 429]
    assert any("answer:" in key for key in keys)
    assert any("questions" in key for key in keys)


def test_a_certificate_that_nobody_vouches_for_is_refused_otherwise_and_visitors_are_answered(
    redis_url: str, gpt_settings: dict[str, str], open_site: Callable[..., Site]
) -> None:
    site = open_site(**gpt_settings)
    away: list[Fact] = []
    site.parts.journal.listen(lambda name, facts: away.append(facts["room"]) if name == "cache_unavailable" else None)

    assert site.ask(QUESTION)["answered_by"] == "gpt"
    assert away == ["redis"]
    assert _keys(redis_url) == []


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("rediss://:p%40ss@host:6380/2", "rediss://:p%40ss@host:6380/2?ssl_cert_reqs=none"),
        ("rediss://host:6380?health_check_interval=5", "rediss://host:6380?health_check_interval=5&ssl_cert_reqs=none"),
        ("redis://host:6379/0", "redis://host:6379/0"),
    ],
)
def test_only_the_check_of_the_certificate_changes(url: str, reached: str) -> None:
    environment = {"REDIS_URL": url, "OKICHAT_REDIS_TLS_VERIFY": "no"}

    assert Settings.from_environment(environment).redis_url == reached
    assert Settings.from_environment({"REDIS_URL": url}).redis_url == url
