"""Refusals sorted by status and code: what they mean, how long to wait, who is believed."""

from __future__ import annotations

import pytest

from okichat.sources.faults import FAULTS, never_left, refusal, retry_after_s


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, None, "request"),
        (400, "context_length_exceeded", "context"),
        (401, None, "key"),
        (403, "unheard_of", "key"),
        (404, None, "model_gone"),
        (408, None, "server"),
        (418, None, "protocol"),
        (429, None, "rate"),
        (429, "insufficient_quota", "quota"),
        (503, None, "server"),
    ],
)
def test_the_code_tells_more_than_the_status_where_it_is_known(status: int, code: str | None, reason: str) -> None:
    fault = refusal(status, code, None, None)

    assert (fault.reason, fault.unbilled) == (reason, True)
    assert fault.reason in FAULTS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("3600", 3600.0),
        ("86400", 3600.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("Thu, 01 Jan", None),
        ("", None),
        (None, None),
    ],
)
def test_a_server_may_ask_for_an_hour_of_rest_at_most(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_only_faults_that_need_a_human_or_time_pause_the_model_at_once() -> None:
    assert {name for name, kind in FAULTS.items() if kind.opens_at_once} == {"key", "model_gone", "quota", "rate"}


def test_only_a_request_that_found_no_connection_has_certainly_not_arrived() -> None:
    class ConnectError(Exception):
        """As httpx names it."""

    class ReadTimeout(Exception):
        """The same."""

    assert never_left(ConnectError())
    assert not never_left(ReadTimeout())
    assert not never_left(None)
