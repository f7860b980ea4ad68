"""What visitors wrote is forgotten in time; what it cost is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from okichat.contact.message import Message
from okichat.storage.tables import messages, turns
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site


@pytest.fixture
def site(open_site: Callable[..., Site], model: OpenAIServer, clock: StoppedClock) -> Site:
    site = open_site(clock, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_RETENTION_DAYS="30")
    site.ask("Tenez-vous les comptes d'une boulangerie ?")
    return site


def test_the_words_stay_for_the_days_of_the_settings(site: Site, clock: StoppedClock) -> None:
    clock.forward(days=29, hours=23)

    assert site.parts.retention.purge() == 0


def test_then_the_words_go_and_the_figures_stay(site: Site, clock: StoppedClock) -> None:
    clock.forward(days=30, minutes=1)

    assert site.parts.retention.purge() == 1
    with site.parts.store.read() as connection:
        row = connection.execute(select(turns)).one()
    assert (row.question, row.answer) == (None, None)
    assert (row.answered_by, row.cost_microusd > 0) == ("gpt", True)


def test_a_delivered_message_goes_and_one_that_waits_stays(site: Site, clock: StoppedClock) -> None:
    kept = site.parts.messages
    first = kept.keep(Message(text="Rappelez-moi.", language="fr", name=None, email="a@b.example", phone=None))
    kept.answered(first)
    kept.keep(Message(text="Et moi ?", language="fr", name=None, email="c@d.example", phone=None))
    clock.forward(days=31)

    site.parts.retention.purge()

    with site.parts.store.read() as connection:
        assert [row.text for row in connection.execute(select(messages))] == ["Et moi ?"]


def test_nothing_is_left_of_a_forgotten_conversation_for_its_next_question(site: Site, clock: StoppedClock) -> None:
    reply = site.ask("Et pour un restaurant ?")
    clock.forward(days=31)
    site.parts.retention.purge()

    page = site.submit("Et vos tarifs ?", conversation=reply["conversation"]).text

    assert "restaurant" not in page


def test_what_becomes_due_later_goes_later_and_what_a_backup_brings_back_goes_the_next_day(
    site: Site, clock: StoppedClock
) -> None:
    clock.forward(days=12, hours=1)
    site.ask("Et pour un restaurant ?")
    clock.forward(days=30, minutes=-1)
    assert site.parts.retention.purge() == 1
    clock.forward(minutes=2)
    assert site.parts.retention.purge() == 1
    with site.parts.store.write() as connection:
        connection.execute(update(turns).values(question="Avant ?"))

    clock.forward(days=1)

    assert site.parts.retention.purge() == 2
    assert site.parts.retention.purge() == 0


def test_names_of_visitors_give_way_to_chance_and_the_count_of_visitors_stays(site: Site, clock: StoppedClock) -> None:
    first = site.parts.visitors.name("127.0.0.1")
    other = site.client.post(
        "/api/chat", json={"question": "Et un restaurant ?"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )
    site.ask("Et vos tarifs ?")
    assert other.status_code == 200
    clock.forward(days=32)

    def names() -> list[str]:
        with site.parts.store.read() as connection:
            return [row.visitor for row in connection.execute(select(turns).order_by(turns.c.asked_at))]

    assert names().count(first) == 2
    site.parts.retention.purge()
    forgotten = names()
    clock.forward(days=1)
    site.parts.retention.purge()

    assert first not in forgotten
    assert len(set(forgotten)) == 2
    assert names() == forgotten
