"""The double is only worth something if the real client meets the same wire that it meets at the model's host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime

import openai
import pytest
from openai import OpenAI

from tests.doubles.openai_addresses import ADDRESS_FAULTS
from tests.doubles.openai_faults import FAULTS
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.openai_wire import DEFAULT_TEXT, Billed
from tests.waiting import wait_until

KEY = "sk-double-0123456789"

# A whole answer comes all the same, if the client is tolerant enough: in these kinds the text, its end and its reason are there.
WHOLE = {"length", "no_done", "usage_missing", "usage_negative", "usage_huge", "usage_words", "usage_not_an_object",
         "nul_in_text", "lone_surrogate", "wrong_content_type", "early_hints"}  # fmt: skip


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def client_of(base_url: str) -> OpenAI:
    return OpenAI(base_url=base_url, api_key=KEY, max_retries=0, timeout=20)


def ask(client: OpenAI, cap: int = 300) -> tuple[str, str | None, int]:
    """Text, finish reason and reported output tokens of a streamed answer."""
    text, reason, reported = "", None, 0
    stream = client.chat.completions.create(
        model="gpt-6-luna",
        messages=[{"role": "user", "content": "Vos horaires ?"}],
        stream=True,
        stream_options={"include_usage": True},
        max_completion_tokens=cap,
    )
    for chunk in stream:
        for choice in chunk.choices or ():
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
        reported = getattr(chunk.usage, "completion_tokens", None) or reported
    return text, reason, reported


def test_an_unscripted_question_gets_a_whole_streamed_answer_whose_usage_is_the_bill(server: OpenAIServer) -> None:
    text, reason, reported = ask(client_of(server.base_url))

    assert (text, reason) == (DEFAULT_TEXT, "stop")
    assert reported == server.billed_tokens.output_tokens > 20
    assert server.billed_tokens.input_tokens > 0


def test_an_unstreamed_question_gets_the_same_text_and_the_same_bill(server: OpenAIServer) -> None:
    client = client_of(server.base_url)
    reply = client.chat.completions.create(model="gpt-6-luna", messages=[{"role": "user", "content": "Vos horaires ?"}])

    assert reply.choices[0].message.content == DEFAULT_TEXT
    assert reply.usage is not None
    assert Billed(reply.usage.prompt_tokens, 0, reply.usage.completion_tokens) == server.billed_tokens


def test_the_cap_on_the_output_is_kept_and_named_as_the_reason(server: OpenAIServer) -> None:
    text, reason, reported = ask(client_of(server.base_url), cap=5)

    assert DEFAULT_TEXT.startswith(text)
    assert (reason, reported, server.billed_tokens.output_tokens) == ("length", 5, 5)


def test_scripted_replies_come_in_order_and_then_the_standing_one(server: OpenAIServer) -> None:
    server.always_reply("toujours")
    server.reply("un")
    server.fail("status_503")
    server.reply("deux", cached_tokens=3)
    client = client_of(server.base_url)

    assert ask(client)[0] == "un"
    with pytest.raises(openai.InternalServerError):
        ask(client)
    assert [ask(client)[0] for _ in range(3)] == ["deux", "toujours", "toujours"]
    assert server.billed_tokens.cached_tokens == 3


def test_the_key_is_not_kept(server: OpenAIServer) -> None:
    ask(client_of(server.base_url))

    assert server.requests[0].question == "Vos horaires ?"
    assert server.requests[0].headers["authorization"] == "present"
    assert KEY not in repr(server.requests)


def test_a_client_that_leaves_is_seen_and_pays_only_for_what_was_written(server: OpenAIServer) -> None:
    server.reply(rest=threading.Event())
    client = client_of(server.base_url)
    stream = client.chat.completions.create(
        model="gpt-6-luna", messages=[{"role": "user", "content": "?"}], stream=True
    )
    next(stream), next(stream)

    stream.response.close()

    server.wait_until_left(server.requests[0])
    assert 1 <= server.billed_tokens.output_tokens < 20


def test_a_gate_holds_the_first_token_back(server: OpenAIServer) -> None:
    gate = threading.Event()
    server.reply("enfin", gate=gate)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, client_of(server.base_url))
        with pytest.raises(NotInTime):
            asked.result(0.1)
        gate.set()
        assert asked.result(20)[0] == "enfin"


def test_the_second_half_of_an_answer_is_held_back_until_it_is_wanted(server: OpenAIServer) -> None:
    wanted = threading.Event()
    server.reply("un deux trois quatre", rest=wanted)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, client_of(server.base_url))
        wait_until(lambda: server.billed_tokens.output_tokens, "the first half is said")
        with pytest.raises(NotInTime):
            asked.result(0.1)
        assert server.billed_tokens.output_tokens < 4
        wanted.set()
        assert asked.result(20)[0] == "un deux trois quatre"


def test_a_host_that_went_down_comes_back_on_the_same_port(server: OpenAIServer) -> None:
    client = client_of(server.base_url)
    ask(client)
    server.refuse_connections()
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    server.accept_connections()

    assert ask(client)[0] == DEFAULT_TEXT


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("connection_refused", openai.APIConnectionError),
        ("unknown_host", openai.APIConnectionError),
        ("self_signed_certificate", openai.APIConnectionError),
        ("expired_certificate", openai.APIConnectionError),
        ("tls_on_plain_port", openai.APIConnectionError),
        ("plain_on_tls_port", openai.APIConnectionError),
        ("reset_before_headers", openai.APIConnectionError),
        ("invalid_key", openai.AuthenticationError),
        ("forbidden", openai.PermissionDeniedError),
        ("model_not_found", openai.NotFoundError),
        ("context_length_exceeded", openai.BadRequestError),
        ("stream_options_422", openai.UnprocessableEntityError),
        ("insufficient_quota", openai.RateLimitError),
        ("status_502", openai.InternalServerError),
    ],
)
def test_the_real_client_raises_its_own_error_class(server: OpenAIServer, kind: str, error: type[Exception]) -> None:
    client = client_of(server.break_with(kind))

    with pytest.raises(error):
        ask(client)


@pytest.mark.parametrize("kind", [*FAULTS, *ADDRESS_FAULTS])
def test_a_fault_keeps_the_whole_answer_back_and_nothing_else_does(kind: str) -> None:
    pool = ThreadPoolExecutor()
    with OpenAIServer() as server:
        asked = pool.submit(ask, client_of(server.break_with(kind)))
        try:
            text, reason, _ = asked.result(timeout=20 if kind in WHOLE else 0.5)
            is_whole = reason in ("stop", "length") and text.startswith(DEFAULT_TEXT)
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, NotInTime):
            is_whole = False
    pool.shutdown()

    assert is_whole == (kind in WHOLE)
