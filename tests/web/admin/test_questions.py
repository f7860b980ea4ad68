"""Questions, found in many ways and read in their conversation."""

from __future__ import annotations

import re

from okichat.conversations.listing import UNFINISHED
from tests.doubles.clock import StoppedClock
from tests.site import Site
from tests.web.admin.dashboard import FIELD, OUTSIDE, page, put, sign_in, table


def test_questions_are_found_by_words_rung_topic_notice_and_day(owner: Site, clock: StoppedClock) -> None:
    owner.ask(FIELD)
    clock.forward(days=1)
    owner.ask(OUTSIDE)
    sign_in(owner)

    def found(query: str) -> list[bool]:
        text = page(owner, f"/admin/questions?{query}")
        return ["Quels sont vos horaires" in text, "Quelle est la capitale" in text]

    assert found("") == [True, True]
    assert found("q=HORAIRES") == [True, False]
    assert found("q=capitale+australie") == [False, True]
    assert found("q=%25") == [False, False]
    assert found("rung=local") == [True, False]
    assert found("rung=handoff") == [False, True]
    assert found(f"rung={UNFINISHED}") == [False, False]
    assert found("topic=horaires") == [True, False]
    assert found("notice=timeout") == [False, False]
    assert found("day=2026-11-23") == [True, False]
    assert found("day=2026-11-24&rung=handoff") == [False, True]
    assert found("day=nonsense&before=nonsense") == [True, True]


def test_many_questions_come_a_page_at_a_time_and_none_twice(owner: Site, clock: StoppedClock) -> None:
    for number in range(120):
        put(owner, f"Question numéro {number:03}.")
        clock.forward(seconds=number % 2)  # some at the same moment

    seen: list[str] = []
    path: str | None = "/admin/questions?q=Question&lang=en"
    while path:
        text = page(owner, path)
        seen += re.findall(r"Question numéro (\d+)", text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        path = older[1].replace("&amp;", "&") if older else None

    assert len(seen) == len(set(seen)) == 120
    assert len(table(owner.client.get("/admin/questions.csv"))) == 121


def test_a_conversation_is_shown_whole_with_the_reasons_why_it_went_so(owner: Site, clock: StoppedClock) -> None:
    reply = owner.ask(FIELD)
    clock.forward(minutes=1)
    owner.ask(OUTSIDE, conversation=reply["conversation"])
    conversation = owner.parts.references.read(reply["conversation"])

    shown = page(owner, f"/admin/conversations/{conversation}")

    assert shown.index("Quels sont vos horaires") < shown.index("capitale de l")
    assert "GPT (pas de clé)" in shown
    assert owner.client.get("/admin/conversations/unknown").status_code == 404
