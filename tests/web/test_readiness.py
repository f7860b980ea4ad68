"""/healthz and /readyz: alive, and what of it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from okichat.answer import Event
from okichat.knowledge.findings import Findings
from okichat.question import Question
from okichat.sources.handoff import Handoff
from okichat.sources.local import Local
from okichat.sources.small_talk import SmallTalk
from tests.servers import RedisServer
from tests.site import Site


def _fail(_source: object, question: Question, findings: Findings) -> Iterator[Event]:
    raise KeyError(question.text)


def test_readiness_names_every_rung_and_store(site: Site) -> None:
    reply = site.client.get("/readyz")

    assert reply.status_code == 200
    assert reply.get_json() == {
        "mode": "local",
        "rungs": {
            "small_talk": {"works": True},
            "gpt": {"works": False, "why": "no_key"},
            "local": {"works": True},
            "handoff": {"works": True},
        },
        "store": {"works": True, "kind": "sqlite"},
    }


def test_a_broken_rung_is_told_and_is_no_reason_to_be_taken_out_of_service(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Local, "answer", _fail)

    reply = site.client.get("/readyz")

    assert (reply.status_code, reply.get_json()["rungs"]["local"]) == (200, {"works": False, "why": "KeyError"})


def test_only_when_no_rung_can_answer_is_it_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (SmallTalk, Local, Handoff):
        monkeypatch.setattr(source, "answer", _fail)

    reply = site.client.get("/readyz")

    assert reply.status_code == 503
    assert site.client.get("/healthz").status_code == 200


def test_a_store_that_is_away_is_told_and_visitors_are_still_answered(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = open_site(DATABASE_URL=f"sqlite:///{tmp_path}")

    reply = site.client.get("/readyz")

    assert reply.status_code == 200
    assert reply.get_json()["store"]["works"] is False


def test_redis_is_told_where_there_is_one(open_site: Callable[..., Site], redis: RedisServer) -> None:
    there, away = open_site(REDIS_URL=redis.url), open_site(REDIS_URL="redis://127.0.0.1:9/0")

    assert there.client.get("/readyz").get_json()["redis"] == {"works": True}
    reply = away.client.get("/readyz")
    assert (reply.status_code, reply.get_json()["redis"]["works"]) == (200, False)
