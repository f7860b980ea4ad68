"""The switch that turns GPT off at once, for every process, without a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from okichat.answer import Answer
from okichat.monitoring.audit import COMMAND
from okichat.monitoring.journal import Journal
from okichat.question import Question
from okichat.sources.switch import Switch
from okichat.storage import schema
from okichat.storage.engine import Store
from okichat.storage.tables import audit
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.servers import PostgresServer
from tests.site import Site
from tests.storage.statements import statements_of

OpenSite = Callable[..., Site]
PASSWORD = "un mot de passe long"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/okichat.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database("switch")


@pytest.fixture
def with_gpt(open_site: OpenSite, model: OpenAIServer, clock: StoppedClock) -> OpenSite:
    """Opens apps whose questions go to GPT, as two processes on one store would be."""

    def open_one(**settings: str) -> Site:
        known = {"OPENAI_API_KEY": "sk-test-key", "OPENAI_BASE_URL": model.base_url, "OKICHAT_CACHE_TTL_S": "0"}
        return open_site(clock, **{**known, **settings})

    return open_one


def answered_by(site: Site, question: str = "Quels sont vos tarifs ?") -> str:
    return str(site.ask(question)["answered_by"])


def run(site: Site, *arguments: str) -> str:
    result = site.app.test_cli_runner().invoke(args=["okichat", "gpt", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def trail(store: Store) -> list[tuple[str, ...]]:
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(select(audit.c.action, audit.c.subject, audit.c.way))]


def test_every_process_stops_asking_gpt_within_two_seconds_and_begins_again_without_a_restart(
    with_gpt: OpenSite, clock: StoppedClock, database: str
) -> None:
    here, there = with_gpt(DATABASE_URL=database), with_gpt(DATABASE_URL=database)
    assert (answered_by(here), answered_by(there)) == ("gpt", "gpt")

    assert "GPT is off" in run(there, "off")
    clock.forward(seconds=2)
    reply = here.ask("Quels sont vos tarifs ?")

    assert (reply["answered_by"], reply["source"]) == ("local", "fallback")
    assert "GPT est en pause" in reply["notice"]
    assert 'class="mode mode-local"' in here.client.get("/").get_data(as_text=True)
    assert here.client.get("/readyz").get_json()["rungs"]["gpt"] == {"works": False, "why": "switched_off"}
    newest = here.parts.turns.thread(here.parts.references.read(reply["conversation"]) or "")[-1]
    assert newest.answer is not None
    assert ("gpt", "switched_off") in [(passed.source, passed.reason) for passed in newest.answer.passed]

    assert "GPT may answer" in run(there, "on")
    clock.forward(seconds=2)

    assert answered_by(here) == "gpt"
    assert trail(here.parts.store) == [("gpt_off", "gpt", "command"), ("gpt_on", "gpt", "command")]


def test_the_store_is_asked_once_a_second_at_most(tmp_path: Path, clock: StoppedClock) -> None:
    store = Store(f"sqlite:///{tmp_path}/okichat.db")
    schema.prepare(store)
    switch = Switch(store, clock, Journal(clock), off_by_setting=False)

    with statements_of(store) as asked:
        for _ in range(50):
            assert not switch.is_off()
        in_one_second = len([sql for sql in asked if "facts" in sql])
        clock.forward(seconds=1)
        switch.is_off()

    assert in_one_second == 1
    assert len([sql for sql in asked if "facts" in sql]) == 2
    store.close()


def test_a_clock_that_has_gone_back_keeps_nobody_from_looking(store: Store, clock: StoppedClock) -> None:
    here, there = (Switch(store, clock, Journal(clock), off_by_setting=False) for _ in range(2))
    assert not here.is_off()
    there.turn(off=True, way=COMMAND)

    clock.forward(hours=-1)

    assert here.is_off()


def test_while_the_store_is_away_the_last_known_position_holds(tmp_path: Path, clock: StoppedClock) -> None:
    path = tmp_path / "okichat.db"
    store = Store(f"sqlite:///{path}")
    schema.prepare(store)
    switch = Switch(store, clock, Journal(clock), off_by_setting=False)
    switch.turn(off=True, way=COMMAND)
    store.close()
    path.rename(tmp_path / "elsewhere.db")
    path.mkdir()

    for _ in range(3):
        clock.forward(seconds=5)
        assert switch.is_off()
    store.close()


def test_a_call_under_way_may_finish(with_gpt: OpenSite, model: OpenAIServer) -> None:
    site, gate = with_gpt(), Event()
    model.reply("Nos tarifs dépendent de votre activité.", gate=gate)
    events = site.parts.assistant.answer(Question.from_text("Quels sont vos tarifs ?"))
    next(events)

    site.parts.switch.turn(off=True, way=COMMAND)
    gate.set()
    *_, last = events

    assert isinstance(last, Answer)
    assert last.answered_by == "gpt"
    assert answered_by(site) == "local"


def test_the_setting_turns_gpt_off_from_the_start_and_only_its_removal_turns_it_on(with_gpt: OpenSite) -> None:
    site = with_gpt(OKICHAT_KILL_SWITCH="yes", OKICHAT_ADMIN_PASSWORD=PASSWORD)

    assert answered_by(site) == "local"
    assert "OKICHAT_KILL_SWITCH" in run(site, "on")
    assert answered_by(site) == "local"
    site.client.post("/admin/sign-in", data={"password": PASSWORD})
    assert "OKICHAT_KILL_SWITCH" in site.client.get("/admin/health").get_data(as_text=True)


@pytest.fixture
def owned(with_gpt: OpenSite) -> Site:
    return with_gpt(OKICHAT_ADMIN_PASSWORD=PASSWORD)


def press(site: Site, turn: str, **more: Any) -> int:
    return site.client.post("/admin/gpt", data={"turn": turn}, **more).status_code


def test_the_owner_turns_gpt_off_and_on_on_the_dashboard(owned: Site) -> None:
    owned.client.post("/admin/sign-in", data={"password": PASSWORD})
    before = owned.client.get("/admin/health").get_data(as_text=True)
    assert "Couper GPT…" in before

    assert press(owned, "off") == 303
    off = owned.client.get("/admin/health").get_data(as_text=True)
    assert answered_by(owned) == "local"
    assert "Rallumer GPT…" in off
    assert "Mode local : GPT a été coupé" in off
    assert "GPT a été coupé" in owned.client.get("/admin").get_data(as_text=True)

    assert press(owned, "on") == 303
    assert answered_by(owned) == "gpt"
    assert trail(owned.parts.store) == [("gpt_off", "gpt", "dashboard"), ("gpt_on", "gpt", "dashboard")]


def test_nobody_else_presses_the_switch(owned: Site) -> None:
    assert press(owned, "off") == 303  # to the sign-in
    owned.client.post("/admin/sign-in", data={"password": PASSWORD})

    assert press(owned, "off", headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert press(owned, "sideways") == 400
    assert answered_by(owned) == "gpt"
    assert trail(owned.parts.store) == []
