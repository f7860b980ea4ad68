"""The figures for Prometheus, and who may read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.site import Site
from tests.web.admin.dashboard import FIELD, OUTSIDE

TOKEN = "jeton-de-prometheus"


def test_metrics_need_the_token_and_count_what_the_store_holds(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_METRICS_TOKEN=TOKEN)
    site.ask(FIELD)
    site.ask(OUTSIDE)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer "}):
        refused = site.client.get("/metrics", headers=header)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")

    site.parts.store.write_now()  # what may wait a moment

    other_process = open_site(OKICHAT_METRICS_TOKEN=TOKEN)
    reply = other_process.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    lines = reply.get_data(as_text=True).splitlines()
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'okichat_questions_total{rung="local"} 1' in lines
    assert 'okichat_questions_total{rung="handoff"} 1' in lines
    assert 'okichat_passes_total{source="gpt",reason="no_key"} 2' in lines
    assert 'okichat_answer_seconds_bucket{le="+Inf"} 2' in lines
    assert "okichat_month_budget_usd 20" in lines
    assert "okichat_store_up 1" in lines
    assert all(re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [-+.\de]+', line) for line in lines)


def test_metrics_say_that_the_store_is_away(open_site: Callable[..., Site], tmp_path: Path) -> None:
    site = open_site(OKICHAT_METRICS_TOKEN=TOKEN, DATABASE_URL=f"sqlite:///{tmp_path}")

    reply = site.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert reply.status_code == 200
    assert "okichat_store_up 0" in reply.get_data(as_text=True).splitlines()
