"""The checks, wherever they are read: the command, the dashboard and /readyz ask the same parts and say the same."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.health.state import UNPAID
from okichat.sentences import Sentences
from tests.site import Site
from tests.web.admin.dashboard import PASSWORD, page, sign_in

NOBODY_BUT_THE_COMMAND = {"knowledge", "templates", "key"}
NOBODY_BUT_THE_SCREEN = {"gpt", "instances", "https"}
KEY = {"OPENAI_API_KEY": "sk-planted-key-0123456789", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}


def said_by_command(site: Site) -> set[tuple[str, str]]:
    """Status and sentence of each line."""
    said = site.app.test_cli_runner().invoke(args=["okichat", "check", "--json"])
    found = json.loads(said.stdout)["checks"]
    return {(each["status"], each["text"]) for each in found if each["name"] not in NOBODY_BUT_THE_COMMAND}


def shown_on_screen(site: Site) -> set[tuple[str, str]]:
    """The same."""
    sign_in(site)
    found = re.findall(r'class="check check-(\w+)"><strong>(.*?)</strong>.*?<p>(.*?)</p>', page(site, "/admin/health"))
    say = Sentences()("fr")
    own = {say(f"admin.check.{name}") for name in NOBODY_BUT_THE_SCREEN}
    assert own <= {title for _, title, _ in found}
    return {(status, html.unescape(text)) for status, title, text in found if title not in own}


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"REDIS_URL": "redis://127.0.0.1:9/0"},
        {"WEB_CONCURRENCY": "3"},
        {**KEY, "OPENAI_MODEL": "unheard-of"},
        {**KEY, "OKICHAT_PRICE_INPUT": "1", "OKICHAT_PRICE_OUTPUT": "1"},
        {"OKICHAT_ALERT_WEBHOOK": "http://127.0.0.1:9/hook"},
        {"DATABASE_URL": "away"},
    ],
    ids=lambda fault: " ".join(fault) or "none",
)
def test_the_command_and_the_dashboard_say_the_same_of_what_both_look_at(
    open_site: Callable[..., Site], tmp_path: Path, fault: dict[str, str]
) -> None:
    if "DATABASE_URL" in fault:
        fault = {"DATABASE_URL": f"sqlite:///{tmp_path}", "SECRET_KEY": "k" * 16}
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, **fault)

    assert shown_on_screen(site) == said_by_command(site)


def test_a_host_that_forgets_its_disk_keeps_gpt_off_in_every_report_unless_the_operator_allows_it(
    open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNO", "web.1")
    forgotten = Sentences()("fr")("check.ledger.forgets")
    off, allowed = (
        open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, **KEY, **more)
        for more in ({}, {"OKICHAT_ALLOW_EPHEMERAL_LEDGER": "yes"})
    )

    for site, is_told in ((off, True), (allowed, False)):
        assert (("error", forgotten) in said_by_command(site)) is is_told
        assert (("error", forgotten) in shown_on_screen(site)) is is_told
    rungs = [site.client.get("/readyz").get_json()["rungs"] for site in (off, allowed)]
    assert rungs[0]["gpt"] == {"works": False, "why": "ephemeral_ledger"}
    assert rungs[1]["gpt"] == {"works": True}


def test_a_spent_budget_has_one_word_for_probes_and_a_sentence_with_its_end_for_the_owner(
    open_site: Callable[..., Site],
) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_BUDGET_USD="1", **KEY)
    site.parts.budget.correct(1_000_000, "all of it")
    sign_in(site)

    assert site.client.get("/readyz").get_json()["rungs"]["gpt"] == {"works": False, "why": UNPAID}
    assert (detail := site.parts.health.gpt_state_in_detail()).why == "budget"
    assert detail.until == site.parts.budget.month().resets_at
    assert "le budget du mois est épuisé" in page(site, "/admin/health")


def test_tables_of_another_version_are_told_on_the_dashboard_too(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD)
    with site.parts.store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    told = [(status, text) for status, text in shown_on_screen(site) if "python -m okichat migrate" in text]

    assert [status for status, _ in told] == ["error"]
    assert told[0] in said_by_command(site)
