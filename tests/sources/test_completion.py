"""The protocol as bytes on the wire, read line by line: what is taken, what is dropped, what is not believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from okichat.sources.completion import BrokenProtocol, Chunk, ErrorInStream, ReportedUsage, from_body, from_stream


def data(**fields: Any) -> str:
    return f"data: {json.dumps(fields)}"


def words(text: str) -> str:
    return data(choices=[{"delta": {"content": text}, "finish_reason": None}])


def usage_of(usage: Any) -> ReportedUsage | None:
    [chunk] = from_stream(iter([data(choices=[], usage=usage)]))
    return chunk.usage


def test_a_stream_is_read_to_its_very_end_so_that_its_connection_can_be_used_again() -> None:
    lines = iter([": a comment", "", words("Bonjour"), "data: [DONE]", "", "data: what comes after"])

    assert list(from_stream(lines)) == [Chunk("Bonjour"), Chunk(is_last=True)]
    assert list(lines) == []


def test_two_chunks_make_one_that_forgets_nothing() -> None:
    usage = ReportedUsage(9, 0, 2)

    assert Chunk("Bon", "stop", usage) + Chunk("jour", is_last=True) == Chunk("Bonjour", "stop", usage, is_last=True)
    assert (Chunk(refused=True) + Chunk("x")).refused


def test_what_no_database_and_no_page_can_carry_is_left_out() -> None:
    [chunk] = from_body(json.dumps({"choices": [{"message": {"content": "a\x00b\ud800c\x07\n"}}]}))

    assert chunk.text == "abc\n"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        "many",
        {"prompt_tokens": 0, "completion_tokens": 5},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 9, "completion_tokens": True},
        {"prompt_tokens": 9, "completion_tokens": 10_000_000},
        {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 10}},
    ],
)
def test_figures_that_cannot_be_are_no_usage(usage: Any) -> None:
    assert usage_of(usage) is None


def test_cached_and_written_tokens_are_read_where_they_are_told() -> None:
    told = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
    }

    assert usage_of(told) == ReportedUsage(9, 4, 5, 2)
    assert usage_of({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": 7}) == ReportedUsage(9, 0, 5)


@pytest.mark.parametrize("line", ["<html>", "data: {", "data: 7", data(choices="none"), words("caf\ufffd")])
def test_what_is_no_protocol_is_not_guessed_at(line: str) -> None:
    with pytest.raises(BrokenProtocol):
        list(from_stream(iter([line])))


def test_an_error_in_the_stream_keeps_the_servers_word_for_it() -> None:
    with pytest.raises(ErrorInStream) as error:
        list(from_stream(iter([words("Bon"), data(error={"message": "no", "type": "server_error", "code": None})])))

    assert error.value.code == "server_error"
