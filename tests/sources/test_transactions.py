"""What a paid answer asks of the disk: it is waited for once, before the call, and everything else is written together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import Connection, event, select

from okichat.money.budget import Budget
from okichat.question import Question
from okichat.storage.engine import Store
from okichat.storage.tables import cached_answers, ledger, turns
from tests.doubles.openai_server import OpenAIServer
from tests.site import STREAMING, Site

FULL = 2  # of PRAGMA synchronous: the commit waits for the disk


@contextmanager
def commits_of_this_thread(store: Store) -> Iterator[list[int]]:
    """How each transaction that wrote was committed, as SQLite itself says."""
    seen: list[int] = []
    visitor = threading.get_ident()

    def note(connection: Connection) -> None:
        if threading.get_ident() == visitor and connection.get_execution_options().get("okichat_write"):
            seen.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    event.listen(store.engine, "commit", note)
    yield seen
    event.remove(store.engine, "commit", note)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_paid_answer_waits_for_the_disk_once(gpt_site: Site, streamed: bool) -> None:
    store = gpt_site.parts.store
    gpt_site.ask("Quels sont vos tarifs ?")  # looks for room among the prepared answers

    with commits_of_this_thread(store) as commits:
        if streamed:
            gpt_site.submit("Faites-vous la paie ?", headers=STREAMING).get_data()
        else:
            gpt_site.ask("Faites-vous la paie ?")

    assert commits.count(FULL) == 1
    assert commits[0] == FULL  # before the call
    assert len(commits) <= 2  # of those that write later, another thread may have been quicker
    with store.read() as connection:
        assert len(connection.execute(select(turns)).all()) == 2
        assert len(connection.execute(select(cached_answers)).all()) == 2


def test_whoever_has_the_answer_finds_it_settled_also_from_another_process(gpt_site: Site) -> None:
    reply = gpt_site.ask("Quels sont vos tarifs ?")

    with closing(Store(gpt_site.parts.settings.database_url)) as other:
        budget = Budget(other, gpt_site.parts.clock, gpt_site.parts.settings)
        month = budget.month()
        assert (month.spent_microusd, month.reserved_microusd) == (round(reply["cost_usd"] * 1e6), 0)
        assert budget.verify() == []


def test_a_visitor_who_leaves_has_paid_all_the_same(gpt_site: Site, model: OpenAIServer) -> None:
    released = threading.Event()
    model.always_reply(gate=released)
    events = gpt_site.parts.assistant.answer(Question("Quels sont vos tarifs ?"))
    next(events)
    events.close()  # type: ignore[attr-defined]
    released.set()

    with closing(Store(gpt_site.parts.settings.database_url)) as other, other.read() as connection:
        kinds = connection.scalars(select(ledger.c.kind).order_by(ledger.c.id)).all()
    assert kinds == ["reserve", "settle"]
