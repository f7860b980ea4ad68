"""The breaker of a model, on a clock that a test moves."""

from __future__ import annotations

import pytest

from okichat.sources.breaker import Breaker, ModelPaused
from tests.doubles.clock import StoppedClock


@pytest.fixture
def breaker(clock: StoppedClock) -> Breaker:
    return Breaker(clock, "gpt-6-luna")


def test_one_failure_of_a_server_pauses_nothing(breaker: Breaker) -> None:
    assert not breaker.failed("server", None, 30, at_once=False)
    breaker.enter()
    assert breaker.pause() is None


def test_three_failures_in_a_row_pause_the_model(breaker: Breaker) -> None:
    opened = [breaker.failed("server", "model_unavailable", 30, at_once=False) for _ in range(3)]

    assert opened == [False, False, True]
    with pytest.raises(ModelPaused) as paused:
        breaker.enter()
    assert (paused.value.reason, paused.value.notice) == ("paused_server", "model_unavailable")


def test_a_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    breaker.failed("server", None, 30, at_once=False)
    breaker.failed("server", None, 30, at_once=False)
    breaker.succeeded()

    assert not breaker.failed("server", None, 30, at_once=False)


def test_a_refused_key_pauses_at_once(breaker: Breaker) -> None:
    assert breaker.failed("key", None, 600, at_once=True)


def test_after_the_pause_one_question_goes_first(breaker: Breaker, clock: StoppedClock) -> None:
    breaker.failed("key", None, 600, at_once=True)
    clock.forward(seconds=601)

    breaker.enter()

    with pytest.raises(ModelPaused):
        breaker.enter()


def test_when_it_goes_well_all_go_again_and_the_recovery_is_told(breaker: Breaker, clock: StoppedClock) -> None:
    breaker.failed("key", None, 600, at_once=True)
    clock.forward(seconds=601)
    breaker.enter()

    assert breaker.succeeded()
    breaker.enter()
    breaker.enter()


def test_when_it_fails_again_the_pause_is_longer(breaker: Breaker, clock: StoppedClock) -> None:
    breaker.failed("rate", None, 20, at_once=True)
    clock.forward(seconds=21)
    breaker.enter()
    breaker.failed("rate", None, 20, at_once=True)

    clock.forward(seconds=21)

    with pytest.raises(ModelPaused):
        breaker.enter()
    clock.forward(seconds=20)
    breaker.enter()


def test_after_a_success_pauses_are_as_short_as_at_first(breaker: Breaker, clock: StoppedClock) -> None:
    for _ in range(2):
        breaker.failed("rate", None, 20, at_once=True)
        clock.forward(minutes=5)
        breaker.enter()
    breaker.succeeded()
    breaker.failed("rate", None, 20, at_once=True)

    clock.forward(seconds=20)

    assert breaker.pause() is None


def test_pauses_in_a_row_grow_up_to_two_minutes_and_no_further(breaker: Breaker, clock: StoppedClock) -> None:
    lengths_s = []
    for _ in range(5):
        breaker.failed("rate", None, 20, at_once=True)
        pause = breaker.pause()
        assert pause is not None
        lengths_s.append((pause.until - clock.now()).total_seconds())
        clock.stand_at(pause.until)

    assert lengths_s == [20, 40, 80, 120, 120]


def test_the_operator_hears_of_a_pause_once_however_often_its_trial_fails(
    breaker: Breaker, clock: StoppedClock
) -> None:
    opened = []
    for _ in range(3):
        opened.append(breaker.failed("rate", None, 20, at_once=True))
        clock.forward(minutes=5)
        breaker.enter()

    assert opened == [True, False, False]


def test_a_visitor_who_leaves_the_first_question_does_not_block_the_others(
    breaker: Breaker, clock: StoppedClock
) -> None:
    breaker.failed("key", None, 600, at_once=True)
    clock.forward(seconds=601)
    breaker.enter()

    breaker.abandoned()

    breaker.enter()
    assert breaker.succeeded()


def test_the_reason_and_the_end_of_a_pause_are_known(breaker: Breaker, clock: StoppedClock) -> None:
    breaker.failed("quota", "quota", 900, at_once=True)

    pause = breaker.pause()

    assert pause is not None
    assert (pause.cause, (pause.until - clock.now()).total_seconds()) == ("quota", 900)


def test_a_trial_that_fails_otherwise_than_before_is_told_and_pauses_at_once(
    breaker: Breaker, clock: StoppedClock
) -> None:
    breaker.failed("rate", "rate_limited", 20, at_once=True)
    clock.forward(seconds=21)
    breaker.enter()

    assert breaker.failed("server", "model_unavailable", 30, at_once=False)
    pause = breaker.pause()
    assert pause is not None
    assert pause.cause == "server"
