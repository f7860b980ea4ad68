"""Streams of spam are answered without GPT, then refused; people who ask questions never notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.errors import Spam
from okichat.guard.nonsense import signs_of_nonsense
from okichat.guard.spam import Streams
from okichat.question import Question
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import FRAGMENT, STREAMING, Site

HERE = Path(__file__).parent
ORDINARY = [
    *(
        json.loads(line)["question"]
        for name in ("tune", "report")
        for line in (HERE.parent / f"evaluation/{name}.jsonl").read_text("utf-8").splitlines()
    ),
    *(line for line in (HERE / "ordinary_questions.txt").read_text("utf-8").split("\n") if line and line[:2] != "# "),
]
FLOOD = "Gagnez plus ! https://a.example https://b.example https://c.example"
LIMIT = "10 per 15 minutes"


def asked(text: str, *, by: str = "visitor", conversation: str | None = None, key: str | None = None) -> Question:
    return Question.from_text(text, visitor=by, conversation=conversation, request_key=key)


def signs(streams: Streams, text: str, **how: str) -> tuple[str, ...]:
    return streams.signs(asked(text, **how))


def test_no_question_of_the_evaluation_looks_like_nonsense() -> None:
    assert len(ORDINARY) > 900
    assert [text for text in ORDINARY if signs_of_nonsense(text)] == []


def test_nobody_who_asks_such_questions_one_after_the_other_looks_like_spam() -> None:
    clock = StoppedClock()
    streams = Streams(clock, LIMIT)
    suspected = []
    for number, text in enumerate(ORDINARY):
        visitor = f"visitor {number // 10}"
        found = signs(streams, text, by=visitor, conversation=f"{visitor}'s")
        suspected += [(text, found)] if found else []
        clock.forward(seconds=60)

    assert suspected == []


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (FLOOD, "links"),
        ("[url=https://casino.example]casino[/url]", "links"),
        ('<a href="https://casino.example">casino</a>', "links"),
        ("a1.com b2.net c3.org d4.biz e5.top f6.ru", "links"),
        ("sdkfjhsdf weiruyqwrtz xcvmnbxcv", "gibberish"),
        ("asdfghjkl azertyuiop", "gibberish"),
        ("aaaaaaaaaaaaaaaaaaaaaa", "gibberish"),
        ("!!!!????!!!!????!!!!????", "gibberish"),
        ("kqzx" * 20, "gibberish"),
        ("poiuytreza poiuytreza", "gibberish"),
        ("anticonstitutionnellement" * 2, "gibberish"),
    ],
)
def test_nonsense_is_seen(text: str, sign: str) -> None:
    assert signs_of_nonsense(text) == (sign,)


@pytest.mark.parametrize(
    "text",
    [
        "Je vends sur etsy.com, vinted.com et ebay.com : faut-il une TVA ?",
        "Voir https://www.impots.gouv.fr et https://www.urssaf.fr, qui dit vrai ?",
        "Élodie Szczepańska et Krzysztof Brzęczyszczykiewicz peuvent-ils s'associer ?",
        "مرحبا، هل تقدمون خدمات المحاسبة في باريس؟",
        "slt jvx 1 rdv svp pr ma cpta, cb c ?",
        "HTTPS, SSL, DGFIP, URSSAF, BOFIP ?",
        "1234567890 1234567890",
        "🙏🙏🙏 merci",
        "anticonstitutionnellement",
    ],
)
def test_what_only_looks_strange_is_no_nonsense(text: str) -> None:
    assert signs_of_nonsense(text) == ()


def test_the_same_question_again_is_normal_a_few_times_and_never_refused_within_the_limit() -> None:
    streams = Streams(StoppedClock(), LIMIT)

    found = [signs(streams, "Quels sont vos tarifs pour une SASU ?", conversation="c") for _ in range(10)]

    assert found == [()] * 4 + [("repeated",)] * 6


def test_nearly_the_same_message_is_the_same_message() -> None:
    streams = Streams(StoppedClock(), LIMIT)
    texts = [f"Offre n° {number} : achetez nos meubles de bureau à prix cassé dès aujourd'hui" for number in range(6)]

    assert [signs(streams, text, conversation="c") for text in texts][-1] == ("repeated",)


def test_a_word_changed_now_and_then_makes_no_new_message_and_another_offer_does() -> None:
    offer = "Découvrez nos meubles de bureau {} livrés partout en France avant la fin du mois de juin"
    streams, others = Streams(StoppedClock(), LIMIT), Streams(StoppedClock(), LIMIT)
    changed = [offer.format(word) for word in ("solides", "légers", "anciens", "récents", "simples", "blancs")]

    assert [signs(streams, text, conversation="c") for text in changed][-1] == ("repeated",)
    assert {signs(others, text, conversation="c") for text in ORDINARY[:240:40]} == {()}


def test_those_who_have_no_name_are_not_taken_for_one_visitor() -> None:
    streams = Streams(StoppedClock(), LIMIT)

    assert {signs(streams, "Vos tarifs ?", by="") for _ in range(20)} == {()}
    assert signs(streams, FLOOD, by="") == ("links",)


def test_one_submission_sent_twice_is_one_message() -> None:
    streams = Streams(StoppedClock(), LIMIT)

    assert {signs(streams, "Vos tarifs ?", key="k" * 16, conversation="c") for _ in range(20)} == {()}


def test_many_conversations_from_one_place_are_seen() -> None:
    streams = Streams(StoppedClock(), LIMIT)

    found = [signs(streams, text) for text in ORDINARY[:400:40]]

    assert found == [()] * 8 + [("many_conversations",)] * 2


def test_who_fills_in_what_nobody_sees_is_suspected_then_slowed_down_and_refused_if_that_goes_on() -> None:
    clock = StoppedClock()
    streams = Streams(clock, LIMIT)
    trapped = [Question.from_text(text, visitor="visitor", conversation="c", trapped=True) for text in ORDINARY[::40]]

    assert [streams.signs(question) for question in trapped[:10]] == [("trap",)] * 10
    with pytest.raises(Spam) as slowed:
        streams.signs(trapped[10])
    assert slowed.value.retry_after_s == 20
    assert signs(streams, "Quels sont vos tarifs ?", conversation="c") == ()  # a real question of the same visitor
    for question in trapped[10:20]:
        clock.forward(seconds=20)
        assert streams.signs(question) == ("trap",)
    clock.forward(seconds=20)
    with pytest.raises(Spam) as refused:
        streams.signs(trapped[20])
    assert refused.value.retry_after_s > 3600


def test_of_several_processes_each_sees_its_share() -> None:
    """docs/security.md says so: as many times more at worst as there are processes."""
    processes = [Streams(StoppedClock(), "100 per 15 minutes") for _ in range(2)]

    found = [signs(processes[number % 2], "Vos tarifs ?", conversation="c") for number in range(100)]

    assert found == [()] * 80 + [("repeated",)] * 20  # one process: 40


def test_what_was_sent_long_ago_or_by_others_does_not_count() -> None:
    clock = StoppedClock()
    streams = Streams(clock, LIMIT)
    for number in range(4):
        signs(streams, "Vos tarifs ?", by="visitor", conversation="c")
        signs(streams, "Vos tarifs ?", by=f"other {number}", conversation="c")
    clock.forward(minutes=16)

    assert signs(streams, "Vos tarifs ?", by="visitor", conversation="c") == ()


def test_who_goes_on_sending_nonsense_is_refused_until_the_window_has_passed() -> None:
    clock = StoppedClock()
    streams = Streams(clock, LIMIT)
    for _ in range(3):
        assert "links" in signs(streams, FLOOD, conversation="c")
    with pytest.raises(Spam) as refused:
        signs(streams, FLOOD, conversation="c")

    assert refused.value.retry_after_s == 15 * 60
    assert signs(streams, "Quels sont vos tarifs ?", conversation="c") == ()
    clock.forward(seconds=refused.value.retry_after_s + 1)
    assert signs(streams, FLOOD, conversation="c") == ("links",)


def test_who_fills_one_window_after_the_other_with_the_same_is_refused_in_the_end() -> None:
    clock = StoppedClock()
    streams = Streams(clock, LIMIT)

    def fill_a_window() -> None:
        for _ in range(10):
            signs(streams, "Vos tarifs ?", conversation="c")
            clock.forward(seconds=30)
        clock.forward(minutes=5)

    for _ in range(2):
        fill_a_window()
    with pytest.raises(Spam):
        fill_a_window()


def test_a_wide_limit_allows_to_repeat_oneself() -> None:
    streams = Streams(StoppedClock(), "1000 per minute")

    assert {signs(streams, "Vos tarifs ?") for _ in range(500)} == {()}


def test_what_is_remembered_is_bounded_and_holds_no_words() -> None:
    streams = Streams(StoppedClock(), LIMIT)
    for number in range(6000):
        signs(streams, "Mon secret", by=f"visitor {number}")

    remembered = streams.__dict__["_visitors"]
    assert len(remembered) <= 5000
    assert "secret" not in repr(remembered).casefold()


def test_spam_costs_nothing_is_flagged_and_then_refused_with_a_way_to_a_human(
    open_site: Callable[..., Site], model: OpenAIServer
) -> None:
    site = open_site(
        OPENAI_API_KEY="sk-test-key",
        OPENAI_BASE_URL=model.base_url,
        OKICHAT_RATE_LIMIT=LIMIT,
        OKICHAT_CONTACT_PHONE="01 23 45 67 89",
    )
    floods = [f"Quels sont vos tarifs ? {FLOOD} {'ab'[number % 2]}" for number in range(3)]

    answered = [site.ask(text) for text in floods]
    refused = site.submit(floods[0])
    by_program = site.post(floods[0])
    site.parts.store.write_now()
    [first, *_] = site.parts.questions.conversation(site.parts.references.read(answered[0]["conversation"]) or "")

    assert model.requests == []
    assert {answer["source"] for answer in answered} == {"fallback"}
    assert "suspicious" in {passed.reason for passed in first.passed}
    assert (refused.status_code, by_program.status_code, by_program.get_json()["code"]) == (429, 429, "spam")
    assert int(by_program.headers["Retry-After"]) > 0
    assert "01 23 45 67 89" in refused.text
    assert site.ask("Où êtes-vous situés ?")["source"] == "gpt"


@pytest.mark.parametrize("headers", [{}, FRAGMENT, STREAMING], ids=["page", "fragment", "stream"])
def test_a_form_with_its_hidden_field_filled_in_is_answered_without_gpt_and_without_an_error(
    open_site: Callable[..., Site], model: OpenAIServer, headers: dict[str, str]
) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)

    trapped = site.submit("Quels sont vos tarifs ?", headers, website="https://casino.example")
    words = trapped.get_data(as_text=True)
    requests = len(model.requests)
    by_person = site.submit("Quels sont vos horaires ?", headers, website="")
    by_person.get_data()

    assert (trapped.status_code, requests) == (200, 0)
    assert "tarifs" in words
    assert "casino" not in words
    assert (by_person.status_code, len(model.requests)) == (200, 1)


def test_a_program_that_sends_json_has_no_hidden_field(open_site: Callable[..., Site], model: OpenAIServer) -> None:
    site = open_site(OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url)

    assert site.ask("Quels sont vos tarifs ?", website="https://exemple.fr")["source"] == "gpt"
