"""The letter of the week: what it says, when it goes, and that it goes once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from click.testing import Result
from sqlalchemy import update

from okichat.contact.channels import Letter
from okichat.monitoring.alert_book import Alert
from okichat.monitoring.digest import Week
from okichat.storage.tables import turns
from tests.doubles.clock import StoppedClock
from tests.doubles.webhook import WebhookHost
from tests.site import Site

FIELD, ODD = "Quels sont vos tarifs ?", "Organisez-vous des apéritifs de quartier ?"
MONDAY_8 = datetime(2026, 11, 30, 7, tzinfo=UTC)  # 08:00 in Paris


@pytest.fixture
def clock() -> StoppedClock:
    """A Wednesday."""
    return StoppedClock(datetime(2026, 11, 25, 10, tzinfo=UTC))


@pytest.fixture
def site(open_site: Callable[..., Site], clock: StoppedClock, webhook_host: WebhookHost) -> Site:
    """With a channel, and two questions on that Wednesday."""
    site = open_site(clock, OKICHAT_ALERT_WEBHOOK=webhook_host.url)
    site.ask(FIELD)
    for _ in range(2):
        site.ask(ODD)
    return site


def run(site: Site, *arguments: str) -> Result:
    return site.app.test_cli_runner().invoke(args=["okichat", "digest", *arguments])


def test_it_goes_on_monday_morning_of_the_firm_and_not_again(
    site: Site, clock: StoppedClock, webhook_host: WebhookHost
) -> None:
    clock.stand_at(MONDAY_8)
    clock.forward(seconds=-60)
    site.parts.digest.look()
    assert webhook_host.posts == []

    clock.forward(seconds=60)
    for _ in range(3):
        site.parts.digest.look()
    clock.forward(hours=60)
    site.parts.digest.look()

    (post,) = webhook_host.posts
    assert "du 23/11/2026 au 29/11/2026" in post["text"]


def test_several_processes_send_one_letter(
    open_site: Callable[..., Site], site: Site, clock: StoppedClock, webhook_host: WebhookHost
) -> None:
    others = [open_site(clock, OKICHAT_ALERT_WEBHOOK=webhook_host.url) for _ in range(2)]
    clock.stand_at(MONDAY_8)

    with ThreadPoolExecutor(3) as processes:
        list(processes.map(lambda each: each.parts.digest.look(), [site, *others]))

    assert len(webhook_host.posts) == 1
    assert run(others[0]).output == "2026-W48: was sent before.\n"
    assert len(webhook_host.posts) == 1


def test_who_looks_while_the_letter_is_on_its_way_finds_it_sent(
    site: Site, clock: StoppedClock, webhook_host: WebhookHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.stand_at(MONDAY_8)
    found: list[int] = []

    def look() -> None:
        site.parts.digest.look()
        found.append(len(webhook_host.posts))

    second = threading.Thread(target=look)
    write = site.parts.alerts._post.writers["digest"]

    def write_and_let_another_look(alert: Alert) -> Letter:
        second.start()
        second.join(0.2)  # time enough to find the letter noted, if it did not wait
        return write(alert)

    monkeypatch.setitem(site.parts.alerts._post.writers, "digest", write_and_let_another_look)
    site.parts.digest.look()
    second.join()

    assert found == [1]


def test_it_tells_questions_cost_and_what_to_add(site: Site, clock: StoppedClock) -> None:
    clock.stand_at(MONDAY_8)

    text = site.parts.digest.text(site.parts.digest.last_week)

    assert "Questions : 3 (la semaine précédente : 0) ; conversations : 3" in text
    assert "vos fiches 33 %, renvoi vers un humain 67 %" in text
    assert "Coût de GPT : 0,00 $ ; il reste 20,00 $ ce mois-ci" in text
    assert f"1. « {ODD} » (2 fois) → " in text
    assert FIELD not in text


def test_it_speaks_english_and_names_what_only_gpt_could_answer(
    open_site: Callable[..., Site], clock: StoppedClock
) -> None:
    site = open_site(clock, OKICHAT_LOCALE="en")
    site.ask(ODD)
    with site.parts.store.write() as connection:
        connection.execute(update(turns).values(answered_by="gpt", passed=[], cost_microusd=30_000))
    clock.stand_at(MONDAY_8)

    text = site.parts.digest.text(site.parts.digest.last_week)

    assert "Answers: GPT 100%, your topics 0%, handed to a human 0%" in text
    assert "Cost of GPT: $0.03" in text
    assert "Every question was answered" in text
    assert "Only GPT could answer these" in text
    assert f"1. “{ODD}” (1×) → " in text


def test_personal_data_of_a_question_is_not_in_it(site: Site, clock: StoppedClock) -> None:
    site.ask("Rappelez-moi au 06 12 34 56 78 pour un apéritif, jean.planted@example.fr")
    clock.stand_at(MONDAY_8)

    text = site.parts.digest.text(site.parts.digest.last_week)

    assert "06 12 34" not in text
    assert "planted" not in text


def test_what_no_channel_takes_is_sent_later(site: Site, clock: StoppedClock, webhook_host: WebhookHost) -> None:
    clock.stand_at(MONDAY_8)
    site.parts.alerts._post._sleep = lambda _seconds: None
    webhook_host.statuses[:] = [500] * 3

    failed = run(site)
    clock.forward(hours=1)
    site.parts.alerts.look()

    assert failed.exit_code == 1
    assert "no channel takes it now" in failed.output
    assert len(webhook_host.posts) == 1
    assert run(site).exit_code == 0


@pytest.mark.parametrize("settings", [{"OKICHAT_DIGEST": "no"}, {"OKICHAT_ALERT_WEBHOOK": ""}])
def test_the_app_sends_none_where_it_is_not_wanted_or_has_no_channel(
    open_site: Callable[..., Site], clock: StoppedClock, webhook_host: WebhookHost, settings: dict[str, str]
) -> None:
    site = open_site(clock, **{"OKICHAT_ALERT_WEBHOOK": webhook_host.url, **settings})
    site.ask(FIELD)
    clock.stand_at(MONDAY_8)

    site.parts.digest.look()

    assert webhook_host.posts == []


def test_a_chat_of_this_very_morning_has_nothing_to_tell_of_last_week(
    open_site: Callable[..., Site], clock: StoppedClock, webhook_host: WebhookHost
) -> None:
    clock.stand_at(MONDAY_8)
    site = open_site(clock, OKICHAT_ALERT_WEBHOOK=webhook_host.url)
    site.ask(FIELD)

    site.parts.digest.look()

    assert webhook_host.posts == []


def test_the_command_shows_any_week_and_says_what_it_needs(open_site: Callable[..., Site], clock: StoppedClock) -> None:
    site = open_site(clock)

    assert "du 23/11/2026 au 29/11/2026" in run(site, "--show", "--week", "2026-W48").output
    assert "du 16/11/2026 au 22/11/2026" in run(site, "--show").output
    assert "OKICHAT_ALERT_WEBHOOK" in run(site).output
    assert "such as 2026-W48" in run(site, "--week", "48").output


@pytest.mark.parametrize(
    ("monday", "name"), [("2026-11-23", "2026-W48"), ("2026-12-28", "2026-W53"), ("2029-12-31", "2030-W01")]
)
def test_weeks_are_named_as_iso_8601_names_them(monday: str, name: str) -> None:
    week = Week(date.fromisoformat(monday))

    assert week.name == name
    assert Week.named(name) == week
