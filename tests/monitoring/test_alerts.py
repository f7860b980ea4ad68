"""What the operator hears: everything once, from however many processes, and when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from okichat.errors import StoreUnavailable
from okichat.money.budget import Budget
from okichat.money.month import MonthSummary
from okichat.money.reservation import BudgetSpent
from okichat.monitoring.alert_book import Alert, AlertBook, Facts
from okichat.monitoring.alert_post import AlertPost, post_from
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.journal import Fact, Journal
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.tables import alerts as alerts_table
from tests.doubles.clock import StoppedClock
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.site import Site
from tests.waiting import PATIENCE_S

OpenWatch = Callable[..., "Watch"]


class Watch:
    """The alerts as one process has them, with its own budget and journal."""

    def __init__(self, store: Store, clock: StoppedClock, settings: Settings) -> None:
        self.journal = Journal(clock)
        self.budget = Budget(store, clock, settings)
        self.post: AlertPost = post_from(settings, Sentences())
        self.post._sleep = lambda _seconds: None
        book = AlertBook(store, clock, can_send=bool(self.post.channels))
        self.alerts = Alerts(book, self.post, self.budget, store, self.journal, clock, settings)
        self.journal.listen(self.alerts.hear)

    def spend(self, microusd: int) -> None:
        reservation = self.budget.reserve("question", "model", microusd, 0)
        self.budget.settle(reservation, input_tokens=microusd, cached_input_tokens=0, output_tokens=0)


@pytest.fixture
def open_watch(store: Store, clock: StoppedClock, webhook_host: WebhookHost) -> OpenWatch:
    """Opens the alerts of another process; a token costs a microdollar, the budget is a tenth of a cent."""

    def open_watch(**changes: Any) -> Watch:
        known = {"openai_api_key": "k", "price_input_usd": 1.0, "price_output_usd": 1.0, "openai_model": "model"}
        base = {**known, "budget_usd": 0.001, "alert_webhook": webhook_host.url}
        return Watch(store, clock, Settings(**{**base, **changes}))

    return open_watch


def texts(host: WebhookHost) -> list[str]:
    return [str(post["text"]) for post in host.posts]


def test_half_four_fifths_and_the_whole_budget_are_told_once_each(
    open_watch: OpenWatch, webhook_host: WebhookHost
) -> None:
    watch, other = open_watch(), open_watch()
    told = []
    for microusd in (499, 1, 300, 200):
        watch.spend(microusd)
        for looking in (watch, other, watch):
            looking.alerts.look()
        told.append(len(webhook_host.posts))

    assert told == [0, 1, 2, 3]
    half, four_fifths, whole = texts(webhook_host)
    assert "50 % de son budget GPT du mois : 0,0005 $ sur 0,0010 $" in half
    assert "80 %" in four_fifths
    assert "épuisé" in whole
    assert "01/12" in whole


def test_a_burst_that_spends_everything_tells_one_of_each_kind(
    open_watch: OpenWatch, webhook_host: WebhookHost, store: Store
) -> None:
    watch = open_watch()
    watch.spend(990)
    with pytest.raises(BudgetSpent):
        watch.spend(20)
    watch.alerts.look()
    watch.alerts.look()
    with store.read() as connection:
        kinds = connection.execute(select(alerts_table.c.kind)).scalars().all()
    assert sorted(kinds) == ["budget_100", "budget_50", "budget_80"]
    assert len(webhook_host.posts) == 3


def test_who_looks_while_another_does_finds_it_done(open_watch: OpenWatch, webhook_host: WebhookHost) -> None:
    watch = open_watch()
    second = threading.Thread(target=watch.alerts.look)

    def look_too(name: str, facts: dict[str, Fact]) -> None:
        if name == "alert":
            second.start()
            second.join(0.2)  # time enough to do the same, if it did not wait

    watch.journal.event("model_fault", reason="key", model="model")
    watch.journal.listen(look_too)
    watch.alerts.look()
    second.join()

    assert ["refuse votre clé" in text for text in texts(webhook_host)] == [True]


def test_a_raised_budget_is_told_of_anew(open_watch: OpenWatch, webhook_host: WebhookHost, clock: StoppedClock) -> None:
    poor, month = open_watch(), "2026-11"
    poor.spend(1000)
    poor.alerts.look()
    assert [alert.kind for alert in poor.alerts.lasting(month)] == ["budget_100"]

    webhook_host.posts.clear()
    clock.forward(minutes=5)
    richer, rich = open_watch(budget_usd=0.0015), open_watch(budget_usd=0.01)
    for looking in (richer, poor, richer):
        looking.alerts.look()
    assert [alert.kind for alert in richer.alerts.lasting(month)] == ["budget_50"]
    assert ["de nouveau du budget" in text for text in texts(webhook_host)] == [True, False]
    assert "50 % de son budget GPT du mois : 0,0010 $ sur 0,0015 $" in texts(webhook_host)[1]

    clock.forward(minutes=5)
    rich.alerts.look()
    assert rich.alerts.lasting(month) == []

    webhook_host.posts.clear()
    rich.spend(9000)
    rich.alerts.look()
    assert len(webhook_host.posts) == 3
    assert [alert.kind for alert in rich.alerts.lasting(month)] == ["budget_100"]


def test_the_next_month_is_announced_once_and_counts_anew(
    open_watch: OpenWatch, webhook_host: WebhookHost, clock: StoppedClock
) -> None:
    watch, other = open_watch(), open_watch()
    watch.spend(1000)
    watch.alerts.look()
    webhook_host.posts.clear()
    clock.stand_at(datetime(2026, 12, 1, 9, tzinfo=UTC))
    for looking in (watch, other, watch):
        looking.alerts.look()
    assert ["de nouveau du budget" in text for text in texts(webhook_host)] == [True]

    watch.spend(500)
    other.alerts.look()
    assert "50 %" in texts(webhook_host)[-1]
    assert len(webhook_host.posts) == 2


def test_two_processes_that_cross_at_once_tell_it_once(open_watch: OpenWatch, webhook_host: WebhookHost) -> None:
    watches = [open_watch() for _ in range(6)]
    noticed: list[str] = []
    for watch in watches:
        watch.journal.listen(lambda name, facts: noticed.append(str(facts["kind"])) if name == "alert" else None)
    watches[0].spend(600)
    for watch in watches:
        watch.journal.event("model_fault", model="model", reason="quota", detail="429")
    start = threading.Barrier(len(watches))

    def look(watch: Watch) -> None:
        start.wait()
        watch.alerts.look()

    threads = [threading.Thread(target=look, args=(watch,)) for watch in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(webhook_host.posts) == 2
    assert sum("crédit" in text for text in texts(webhook_host)) == 1
    assert sorted(noticed) == ["budget_50", "quota"]


@pytest.mark.parametrize(("reason", "word"), [("quota", "crédit"), ("key", "clé"), ("model_gone", "ne propose plus")])
def test_a_fault_of_the_host_is_told_once_an_episode_and_its_end_too(
    reason: str, word: str, open_watch: OpenWatch, webhook_host: WebhookHost, clock: StoppedClock
) -> None:
    watch, other = open_watch(), open_watch()

    def fail_for_an_hour() -> None:
        for _ in range(6):
            for failing in (watch, other):
                failing.journal.event("model_fault", model="model", reason=reason, detail="")
                failing.alerts.look()
            clock.forward(minutes=10)

    def recover() -> None:
        for back in (watch, other):
            back.journal.event("model_recovered", model="model")
            back.alerts.look()

    fail_for_an_hour()
    assert [word in text for text in texts(webhook_host)] == [True]
    recover()
    assert "répond de nouveau" in texts(webhook_host)[-1]
    assert len(webhook_host.posts) == 2
    fail_for_an_hour()
    assert len(webhook_host.posts) == 3


def test_faults_that_pass_by_themselves_are_no_alert(open_watch: OpenWatch, webhook_host: WebhookHost) -> None:
    watch = open_watch()
    for reason in ("network", "timeout", "rate", "server", "protocol"):
        watch.journal.event("model_fault", model="model", reason=reason, detail="")
    watch.alerts.look()
    assert webhook_host.posts == []


def test_a_paid_call_ends_an_episode_that_the_process_does_not_remember(
    open_watch: OpenWatch, webhook_host: WebhookHost, clock: StoppedClock
) -> None:
    watch = open_watch()
    watch.journal.event("model_fault", model="model", reason="key", detail="401")
    watch.alerts.look()
    clock.forward(seconds=50)
    watch.spend(10)  # a call that began before the fault
    clock.forward(minutes=5)
    restarted = open_watch()
    restarted.alerts.look()
    assert len(webhook_host.posts) == 1
    restarted.spend(10)
    restarted.alerts.look()
    assert "répond de nouveau" in texts(webhook_host)[-1]


def test_an_unknown_price_is_told_until_it_is_known(open_watch: OpenWatch, webhook_host: WebhookHost) -> None:
    unpriced = {"price_input_usd": None, "price_output_usd": None}
    for _ in range(2):
        open_watch(**unpriced).alerts.look()
    assert ["prix du modèle model est inconnu" in text for text in texts(webhook_host)] == [True]
    for _ in range(2):
        open_watch().alerts.look()
    assert len(webhook_host.posts) == 2


def test_a_ledger_that_cannot_be_read_is_told_at_once_and_its_return_too(
    open_watch: OpenWatch, webhook_host: WebhookHost, monkeypatch: pytest.MonkeyPatch, clock: StoppedClock
) -> None:
    watch, other = open_watch(), open_watch()

    def away() -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(watch.budget, "month", away)
        for _ in range(3):
            watch.alerts.look()
            clock.forward(minutes=1)
        assert ["base de données du chat ne répond pas" in text for text in texts(webhook_host)] == [True]
        broken.setattr(other.budget, "month", away)
        other.alerts._is_first = lambda _name, _for_s: False
        other.alerts.look()
        assert len(webhook_host.posts) == 1
    for back in (watch, other, watch):
        back.alerts.look()
    assert "répond de nouveau" in texts(webhook_host)[-1]
    assert len(webhook_host.posts) == 2


def test_what_cannot_be_sent_is_tried_three_times_kept_and_sent_later(
    open_watch: OpenWatch, webhook_host: WebhookHost, clock: StoppedClock
) -> None:
    watch, other = open_watch(), open_watch()
    webhook_host.statuses = [500, 500, 500]
    watch.spend(600)
    watch.alerts.look()
    assert (len(webhook_host.paths), webhook_host.posts) == (3, [])
    other.alerts.look()
    assert webhook_host.posts == []
    clock.forward(minutes=3)
    other.alerts.look()
    watch.alerts.look()
    assert len(webhook_host.posts) == 1


def test_two_failures_in_a_row_do_not_delay_an_alert(open_watch: OpenWatch, webhook_host: WebhookHost) -> None:
    watch = open_watch()
    webhook_host.statuses = [500, 503]
    watch.spend(600)
    watch.alerts.look()
    assert len(webhook_host.posts) == 1


def test_mail_takes_over_where_the_webhook_does_not_answer(
    open_watch: OpenWatch, webhook_host: WebhookHost, mail_host: MailHost
) -> None:
    mail = {"smtp_url": f"smtp://127.0.0.1:{mail_host.port}", "contact_to": "patron@exemple.fr", "locale": "en"}
    webhook_host.statuses = [500]
    watch = open_watch(**mail)
    watch.spend(600)
    watch.alerts.look()
    [letter] = mail_host.mails
    assert letter["To"] == "patron@exemple.fr"
    assert letter["Subject"] == "Oki Expertise: chat alert"
    assert "50% of this month's GPT budget" in letter.get_content()


def test_without_a_channel_alerts_are_noted_and_never_sent_late(
    open_watch: OpenWatch, webhook_host: WebhookHost, store: Store
) -> None:
    silent = open_watch(alert_webhook=None)
    silent.spend(600)
    silent.alerts.look()
    with store.read() as connection:
        assert connection.execute(select(alerts_table.c.kind, alerts_table.c.state)).all() == [("budget_50", "noted")]
    open_watch().alerts.look()
    assert webhook_host.posts == []


def test_every_kind_has_a_sentence_in_both_languages(open_watch: OpenWatch) -> None:
    kinds = ["budget_50", "budget_80", "budget_100", "budget_100_over", "test"]
    kinds += [
        f"{kind}{over}" for kind in ("quota", "key", "model_gone", "price_unknown", "ledger") for over in ("", "_over")
    ]
    facts: Facts = {
        "spent_microusd": 1,
        "budget_microusd": 2,
        "resets_at": "2026-12-01T00:00:00+00:00",
        "ends_on": "2026-11-30",
    }
    for locale in ("fr", "en"):
        post = open_watch(locale=locale).post
        written = {
            post.letter(Alert(kind, "m", datetime(2026, 11, 23, tzinfo=UTC), dict(facts))).text for kind in kinds
        }
        assert not any("%(" in text for text in written)
        assert len(written) == len(kinds) - 2  # the three faults of a host end with the same sentence


def test_the_whole_app_tells_of_a_refused_key_and_of_the_recovery(
    open_site: Callable[..., Site], model: OpenAIServer, webhook_host: WebhookHost
) -> None:
    clock = StoppedClock()
    site = open_site(clock, OPENAI_API_KEY="sk", OPENAI_BASE_URL=model.base_url, OKICHAT_ALERT_WEBHOOK=webhook_host.url)
    model.fail("invalid_key")
    assert site.ask("Quels sont vos services ?")["answered_by"] == "local"
    site.parts.alerts.look()
    assert ["refuse votre clé" in text for text in texts(webhook_host)] == [True]
    clock.forward(minutes=11)
    assert site.ask("Quels sont vos services ?")["answered_by"] == "gpt"
    site.parts.alerts.look()
    assert "répond de nouveau" in texts(webhook_host)[-1]


def test_money_that_was_spent_is_looked_at_without_waiting_for_the_next_round(
    open_site: Callable[..., Site], model: OpenAIServer, webhook_host: WebhookHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site(
        OPENAI_API_KEY="sk",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_ALERT_WEBHOOK=webhook_host.url,
        OKICHAT_BUDGET_USD="0.0007",
    )
    looked, month = threading.Event(), site.parts.budget.month

    def look_at_month() -> MonthSummary:
        looked.set()
        return month()

    monkeypatch.setattr(site.parts.budget, "month", look_at_month)
    site.parts.upkeep.start()
    assert looked.wait(PATIENCE_S)
    for number in range(20):
        site.ask(f"Quels sont vos tarifs {number} ?")
    assert webhook_host.arrived.wait(PATIENCE_S)  # the next round is a minute away


def test_the_command_tells_whether_alerts_arrive(open_site: Callable[..., Site], webhook_host: WebhookHost) -> None:
    runner = open_site(OKICHAT_ALERT_WEBHOOK=webhook_host.url).app.test_cli_runner()
    assert runner.invoke(args=["okichat", "alert", "--test"]).output == "webhook: sent\n"
    assert "essai" in texts(webhook_host)[0]
    webhook_host.statuses = [404]
    failed = runner.invoke(args=["okichat", "alert", "--test"])
    assert "webhook: failed (status_404)" in failed.output
    assert failed.exit_code == 1
    unset = open_site().app.test_cli_runner().invoke(args=["okichat", "alert", "--test"])
    assert "OKICHAT_ALERT_WEBHOOK" in unset.output
    assert unset.exit_code == 1


def test_the_command_lists_what_was_told_in_its_sentences(open_site: Callable[..., Site]) -> None:
    site = open_site()
    runner = site.app.test_cli_runner()
    assert runner.invoke(args=["okichat", "alert"]).output == "No alert has been given yet.\n"

    site.parts.journal.event("model_fault", model="gpt-6-luna", reason="key", detail="401")
    site.parts.alerts.look()

    assert (
        "key: Le fournisseur du modèle gpt-6-luna refuse votre clé." in runner.invoke(args=["okichat", "alert"]).output
    )
