"""Three instances behind nginx, with one Postgres and one Redis: to visitors, to the budget and to the owner they are one."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select

from okichat.clock import SystemClock
from okichat.money.budget import Budget
from okichat.monitoring.instances import Instances
from okichat.monitoring.journal import Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.facts import Facts
from okichat.storage.tables import alerts, ledger, security_events, turns
from tests.deploy.fleet import Fleet, Heard, answer_in, ask, fleet, stream_past_a_gate
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.webhook import WebhookHost
from tests.faults.asking import HTMX
from tests.faults.asking import ask as ask_page
from tests.skipping import skipped_without_servers
from tests.waiting import wait_until

pytestmark = [pytest.mark.deploy, pytest.mark.slow]

BUDGET_USD = 20
LIMIT = 20
INPUT_USD, OUTPUT_USD = Decimal("0.1"), Decimal("0.5")  # per million tokens: tests/faults/gunicorn_app.py


def _timezone() -> str:
    """One in which it is not the night before Monday's letter: that goes out at eight."""
    paris = datetime.now(ZoneInfo("Europe/Paris"))
    is_that_night = paris.isoweekday() + paris.hour / 24 > 7.8 or (paris.isoweekday() == 1 and paris.hour < 9)
    return "Pacific/Pago_Pago" if is_that_night else "Europe/Paris"  # Pago Pago is half a day behind


TIMEZONE = _timezone()
LONG_AGO = datetime.now(UTC) - timedelta(days=40)


@pytest.fixture(scope="module")
def webhook() -> Iterator[WebhookHost]:
    with WebhookHost() as server:
        yield server


def _past(store: Store) -> None:
    """Questions and refusals that are older than the retention."""
    turn = {"conversation": "2" * 32, "asked_at": LONG_AGO, "language": "fr", "question": "Avez-vous un parking ?"}
    refused = {"at": LONG_AGO, "kind": "spam", "visitor": "0" * 16, "times": 1}
    with store.write() as connection:
        connection.execute(insert(turns), [{**turn, "id": f"old-{number}"} for number in range(20)])
        connection.execute(insert(security_events), [{**refused, "id": f"old-{number}"} for number in range(30)])


@pytest.fixture(scope="module")
def machines(host: OpenAIServer, webhook: WebhookHost) -> Iterator[Fleet]:
    settings = {
        "OPENAI_BASE_URL": host.base_url,
        "OKICHAT_RATE_LIMIT": f"{LIMIT} per 15 minutes",
        "OKICHAT_BUDGET_USD": str(BUDGET_USD),
        "OKICHAT_CACHE_TTL_S": "3600",
        "OKICHAT_DEADLINE_S": "8",
        "OKICHAT_FIRST_TOKEN_S": "6",
        "OKICHAT_ALERT_WEBHOOK": webhook.url,
        "OKICHAT_TIMEZONE": TIMEZONE,
    }
    with skipped_without_servers(), fleet(3, _past, **settings) as running:
        # The first question to GPT waits for what is loaded late, perhaps longer than others would wait for its answer.
        for number, app in enumerate(running.apps):
            ask(app.port, _question(number), 3)
        yield running


@pytest.fixture
def model(host: OpenAIServer) -> Iterator[OpenAIServer]:
    host.forget()
    yield host
    host.forget()


@pytest.fixture
def store(machines: Fleet) -> Iterator[Store]:
    opened = Store(machines.database_url)
    yield opened
    opened.close()


def mode(port: int) -> str:
    """What the next question would be answered by, as the instance on this port sees it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as reply:
        found: str = json.load(reply)["mode"]
        return found


def wait_until_all_are_in_mode(machines: Fleet, wanted: str) -> None:
    wait_until(lambda: all(mode(app.port) == wanted for app in machines.apps), f"every machine is in mode {wanted}")


def test_what_is_due_every_day_and_every_week_is_done_once_by_all_machines_together(
    machines: Fleet, webhook: WebhookHost, store: Store
) -> None:
    wait_until(
        lambda: len(_rounds_done(store)) >= 3 and _told(store, "digest") == ["sent"],
        "every machine has been through a round and the letter is sent",
    )
    with store.read() as connection:
        words = connection.scalars(select(turns.c.question).where(turns.c.id.startswith("old-"))).all()
        refused = connection.execute(select(security_events).where(security_events.c.at <= LONG_AGO)).all()

    assert words == [None] * 20
    assert [(row.times, row.visitor) for row in refused] == [(30, None)]
    assert _about_the_week(webhook) == 1


def _rounds_done(store: Store) -> set[str]:
    """Names of the processes that have been through a whole round: they note themselves at its end."""
    return set(Facts(store).starting_with("instance:"))


def _told(store: Store, kind: str) -> list[str]:
    """What has become of the alerts of that kind."""
    with store.read() as connection:
        return list(connection.scalars(select(alerts.c.state).where(alerts.c.kind == kind)))


def _about_the_week(webhook: WebhookHost) -> int:
    return sum("Questions :" in json.dumps(post, ensure_ascii=False) for post in webhook.posts)


def test_an_answer_streams_through_nginx_word_by_word(machines: Fleet, model: OpenAIServer) -> None:
    whole = stream_past_a_gate(machines.port, _question(10), model)

    assert whole.count("event: delta") > 1
    assert answer_in(whole, streamed=True)["answered_by"] == "gpt"


def test_one_visitor_asks_as_often_as_the_limit_says_on_whichever_instance(machines: Fleet) -> None:
    with ThreadPoolExecutor(12) as pool:
        heard = list(pool.map(lambda _: ask(machines.port, "Bonjour", visitor=7).status, range(3 * LIMIT)))

    assert Counter(heard) == {200: LIMIT, 429: 2 * LIMIT}


def test_a_question_asked_at_every_instance_at_once_is_paid_once_and_then_prepared(
    machines: Fleet, model: OpenAIServer
) -> None:
    question = "Quels documents faut-il pour préparer le bilan ?"
    model.always_reply(token_delay_s=0.01)
    with ThreadPoolExecutor(6) as pool:
        ports = [app.port for app in machines.apps]
        at_once = list(pool.map(lambda port: ask(port, question, visitor=11), ports * 2))
    afterwards = [ask(port, question, visitor=12).answer["answered_by"] for port in ports]

    assert len(model.requests) == 1
    assert len({heard.answer["response"] for heard in at_once}) == 1
    assert sum(heard.answer["cost_usd"] > 0 for heard in at_once) == 1
    assert afterwards == ["cache"] * 3


def test_all_instances_together_spend_the_budget_and_not_a_cent_more(
    machines: Fleet, model: OpenAIServer, store: Store
) -> None:
    budget = Budget(store, SystemClock(), Settings(budget_usd=BUDGET_USD, timezone=TIMEZONE))
    ask(machines.port, "Combien coûte la tenue de la comptabilité ?", visitor=20)
    with store.read() as connection:
        one_call = connection.scalar(select(func.max(ledger.c.reserved_change_microusd)))
    spent_before = budget.month().spent_microusd
    aside = BUDGET_USD * 1_000_000 - spent_before - 6 * one_call
    budget.correct(aside, "a test: little is left")
    model.forget()
    try:
        with ThreadPoolExecutor(18) as pool:
            heard = list(pool.map(lambda number: ask(machines.port, _question(number), visitor=number), range(30, 84)))
        month = budget.month()
    finally:
        budget.correct(-aside, "the end of the test")
        wait_until_all_are_in_mode(machines, "gpt")

    bill = model.billed_tokens
    billed = bill.input_tokens * INPUT_USD + bill.output_tokens * OUTPUT_USD
    answered = Counter(each.answer["source"] for each in heard)
    assert answered.total() == 54
    assert 6 <= answered["gpt"] < 54
    assert 0 <= month.spent_microusd - aside - spent_before - billed <= len(model.requests)  # each call is rounded up
    assert month.reserved_microusd == 0
    assert month.spent_microusd <= BUDGET_USD * 1_000_000
    assert budget.verify() == []


def _question(number: int) -> str:
    return f"Pouvez-vous expliquer la déclaration de TVA numéro {number} d'une société ?"


def test_an_instance_that_is_killed_takes_only_its_own_streams_with_it(
    machines: Fleet, model: OpenAIServer, store: Store
) -> None:
    gate = threading.Event()
    model.always_reply(gate=gate, token_delay_s=0.06)
    victim = machines.apps[0]
    try:
        with ThreadPoolExecutor(9) as pool:
            lost = pool.submit(ask_page, victim.port, HTMX, _question(90), key="0123456789abcdef" * 2)
            asked = [
                pool.submit(ask, app.port, _question(91 + number), 91 + number, streamed=True)
                for number, app in enumerate(machines.apps[1:] * 3)
            ]
            wait_until(lambda: len(model.requests) >= 7, "every question is with the model")
            gate.set()
            wait_until(lambda: model.billed_tokens.output_tokens > 0, "the model writes")
            victim.kill()
            others = [one.result() for one in asked]
        cut = lost.exception() is not None or not lost.result().is_whole
        again = ask_page(machines.port, HTMX, _question(90), key="0123456789abcdef" * 2)
    finally:
        victim.start()

    assert cut
    assert [each.answer.get("answered_by") for each in others] == ["gpt"] * 6
    assert (again.status, again.is_whole) == (200, True)
    with store.read() as connection:
        rows = connection.scalar(select(func.count()).select_from(turns).where(turns.c.question == _question(90)))
    assert rows == 1


def test_gpt_that_is_switched_off_on_one_machine_is_off_on_all_of_them(machines: Fleet, model: OpenAIServer) -> None:
    """Within two seconds: tests/sources/test_switch.py says so with a clock of its own."""
    ports = [app.port for app in machines.apps]
    wait_until_all_are_in_mode(machines, "gpt")

    try:
        said = machines.command("gpt", "off")
        wait_until_all_are_in_mode(machines, "local")
        while_off = [ask(port, _question(220), visitor=220).answer["source"] for port in ports]
        asked_while_off = len(model.requests)
    finally:
        machines.command("gpt", "on")
    numbers = count(221)
    wait_until(
        lambda: all(ask(port, _question(next(numbers)), next(numbers)).answer["source"] == "gpt" for port in ports),
        "GPT answers on every machine",
    )

    assert "GPT is off" in said
    assert while_off == ["fallback"] * 3
    assert asked_while_off == 0


def test_what_one_instance_learns_of_the_models_host_all_know_and_the_owner_is_told_once(
    machines: Fleet, model: OpenAIServer, webhook: WebhookHost, store: Store
) -> None:
    model.always_fail("insufficient_quota")
    ask(machines.apps[0].port, _question(200), 200)
    wait_until_all_are_in_mode(machines, "local")
    heard = [ask(app.port, _question(201 + number), 201) for number, app in enumerate(machines.apps)]
    wait_until(lambda: _told(store, "quota") == ["sent"], "the owner is told")

    assert len(model.requests) == 1
    assert [each.answer["source"] for each in heard] == ["fallback"] * 3
    assert _about_quota(webhook) == 1


def _about_quota(webhook: WebhookHost) -> int:
    return sum("le crédit de votre compte" in json.dumps(post, ensure_ascii=False) for post in webhook.posts)


def test_an_instance_that_is_set_otherwise_than_the_others_is_noticed(machines: Fleet, store: Store) -> None:
    """That one of all processes writes the event, and once: tests/monitoring/test_instances.py, by minutes of a moved clock."""
    clock = SystemClock()
    any_of_them = Instances(store, clock, Journal(clock), {})
    wait_until(lambda: any_of_them.company().count >= 3, "all machines are there")
    alike = any_of_them.company().differing

    with machines.one_more(OKICHAT_BUDGET_USD="7"):
        wait_until(lambda: any_of_them.company().differing != (), "the odd one is noticed")
        differing = any_of_them.company().differing

    assert alike == ()
    assert differing == ("OKICHAT_BUDGET_USD",)


def test_instances_are_replaced_one_after_the_other_and_no_question_is_refused(
    machines: Fleet, model: OpenAIServer
) -> None:
    model.always_reply(token_delay_s=0.01)
    heard: list[Heard] = []
    done = threading.Event()

    def visit(first: int) -> None:
        for number in range(first, first + 1000):
            if done.is_set():
                return
            streamed = number % 2 == 0
            heard.append(ask(machines.port, _question(number) if streamed else "Bonjour", number, streamed=streamed))

    with ThreadPoolExecutor(4) as pool:
        for visitor in range(4):
            pool.submit(visit, 1000 * (visitor + 1))
        try:
            for app in machines.apps:
                machines.restart(app)
        finally:
            done.set()

    assert Counter(each.status for each in heard) == {200: len(heard)}
    assert all(each.answer for each in heard)
    assert len(heard) > 20
