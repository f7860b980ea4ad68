"""Where a fault has a remedy the model is asked once more: within the same time, paid as well, and known to the breaker as one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from okichat.question import Question
from okichat.sources.attempt import Attempt, Dialect
from okichat.sources.faults import ModelFault
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.site import Site

QUESTION, ANOTHER = "Quels sont vos tarifs ?", "Faites-vous la paie ?"


@pytest.fixture
def with_gpt(open_site: Callable[..., Site], model: OpenAIServer, clock: StoppedClock) -> Callable[..., Site]:
    """Opens apps whose questions go to `model` as long as `clock` knows of no pause."""
    return lambda **settings: open_site(
        clock, OPENAI_API_KEY="sk-test-key", OPENAI_BASE_URL=model.base_url, OKICHAT_CACHE_TTL_S="0", **settings
    )


@pytest.fixture
def site(with_gpt: Callable[..., Site]) -> Site:
    return with_gpt()


@pytest.fixture
def after_a_pause(site: Site, model: OpenAIServer, clock: StoppedClock) -> Site:
    """The next question finds out whether the model is back."""
    model.fail("rate_limited")
    assert site.ask(QUESTION)["answered_by"] == "local"
    clock.forward(minutes=10)
    return site


def spent_usd(site: Site) -> float:
    return site.parts.budget.month().spent_microusd / 1e6


def test_every_try_that_may_have_cost_something_is_in_the_price_of_the_answer(site: Site, model: OpenAIServer) -> None:
    model.fail("close_before_headers")  # nobody knows what that one cost
    model.fail("stream_options_400")  # that one nothing

    reply = site.ask(QUESTION)

    assert (reply["answered_by"], len(model.requests)) == ("gpt", 3)
    assert reply["cost_usd"] == pytest.approx(spent_usd(site), abs=1e-9)


def test_what_was_paid_for_a_text_that_is_not_shown_is_told_with_the_try_before_it(
    site: Site, model: OpenAIServer
) -> None:
    model.fail("close_before_headers")
    model.reply("Comptez 451 €.")  # no topic says so

    reply = site.ask(QUESTION)

    assert reply["answered_by"] == "local"
    assert reply["cost_usd"] == pytest.approx(spent_usd(site), abs=1e-9)
    assert reply["cost_usd"] > 0


def test_once_words_have_been_shown_there_is_no_second_try(site: Site, model: OpenAIServer) -> None:
    model.fail("cut_middle")

    assert site.ask(QUESTION)["answered_by"] == "local"
    assert len(model.requests) == 1


def test_a_refusal_costs_nothing(site: Site, model: OpenAIServer) -> None:
    model.always_fail("status_500_bare")

    assert site.ask(QUESTION)["cost_usd"] == spent_usd(site) == 0
    assert len(model.requests) == 2


def test_a_call_that_may_have_reached_the_model_is_not_given_back(site: Site, model: OpenAIServer) -> None:
    model.always_fail("close_before_headers")

    assert site.ask(QUESTION)["cost_usd"] == pytest.approx(spent_usd(site), abs=1e-9)
    assert spent_usd(site) > 0


def test_what_a_server_does_not_understand_is_found_out_once(site: Site, model: OpenAIServer) -> None:
    for _ in range(2):
        model.fail("stream_options_400")  # only where it is asked for

    assert [site.ask(text)["answered_by"] for text in (QUESTION, ANOTHER)] == ["gpt", "gpt"]
    assert ["stream_options" in request.body for request in model.requests] == [True, False, False]


def test_the_first_question_after_a_pause_has_its_second_try_too(after_a_pause: Site, model: OpenAIServer) -> None:
    model.fail("status_500_bare")

    assert after_a_pause.ask(QUESTION)["answered_by"] == "gpt"


def test_if_that_one_fails_as_well_the_model_is_left_alone_at_once(after_a_pause: Site, model: OpenAIServer) -> None:
    for _ in range(2):
        model.fail("status_500_bare")
    after_a_pause.ask(QUESTION)
    asked = len(model.requests)

    assert after_a_pause.ask(ANOTHER)["answered_by"] == "local"
    assert len(model.requests) == asked
    assert not after_a_pause.parts.gpt.available()


def test_an_answer_that_the_host_has_filtered_says_nothing_of_the_host(
    after_a_pause: Site, model: OpenAIServer
) -> None:
    model.reply("Non", finish_reason="content_filter")

    assert [after_a_pause.ask(text)["answered_by"] for text in (QUESTION, ANOTHER)] == ["local", "gpt"]


def test_a_server_is_left_alone_for_as_long_as_it_wishes(site: Site, model: OpenAIServer, clock: StoppedClock) -> None:
    model.fail("rate_limited_long")  # an hour
    site.ask(QUESTION)
    clock.forward(minutes=59)

    assert site.ask(ANOTHER)["answered_by"] == "local"
    clock.forward(minutes=1)
    assert site.ask(ANOTHER)["answered_by"] == "gpt"


def test_while_one_of_two_models_may_be_asked_the_visitor_is_not_told_otherwise(
    with_gpt: Callable[..., Site], model: OpenAIServer
) -> None:
    site = with_gpt(OPENAI_FALLBACK_MODEL="gpt-5.4-mini")
    model.fail("model_not_found")
    site.ask(QUESTION)

    assert site.parts.gpt.available()
    assert 'class="mode mode-gpt"' in site.client.get("/").text


def test_only_a_fault_that_passes_is_tried_again_once_and_only_while_there_is_time(site: Site) -> None:
    remedy, fault = site.parts.gpt._remedy, ModelFault("server", "500", unbilled=True)
    first = Attempt("gpt-6-luna", Dialect(), with_history=True)

    assert remedy(first, fault, 1.1) == replace(first, may_retry=False)
    assert remedy(first, fault, 0.9) is None
    assert remedy(replace(first, may_retry=False), fault, 1.1) is None
    assert remedy(first, ModelFault("model_gone", "404", unbilled=True), 1.1) is None


def test_what_the_first_try_took_is_taken_from_the_time_of_the_second(site: Site) -> None:
    question = Question.from_text(QUESTION)
    findings = site.parts.search.find(question)
    attempt = Attempt("gpt-6-luna", Dialect(), with_history=False)

    at_once, later = (site.parts.gpt._call(question, findings, attempt, elapsed_s).limits for elapsed_s in (0.0, 3.0))

    assert (at_once.first_token_s - later.first_token_s, at_once.deadline_s - later.deadline_s) == (3.0, 3.0)
