"""The chat-completions protocol, as bytes on the wire: one line of a stream, or one whole body, becomes Chunks.

Read from raw lines, because the client's typed objects cost several times as much per token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# No database, no page and no JSON can carry these: control characters, and halves of a character.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class BrokenProtocol(Exception):
    """What came is not the protocol."""


class ErrorInStream(Exception):
    """The server reported an error in mid-stream; `code` is its word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ReportedUsage:
    """Tokens as the server counted them."""

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cache_write_tokens: int = 0  # some models charge more for the part of the prompt that goes into their cache


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece: some text, why the model stopped, what was used; each may be missing. `is_last`: the server has said so."""

    text: str = ""
    finish_reason: str | None = None
    usage: ReportedUsage | None = None
    refused: bool = False
    is_last: bool = False

    def __add__(self, later: Chunk) -> Chunk:
        """Both as one."""
        return Chunk(
            self.text + later.text,
            later.finish_reason or self.finish_reason,
            later.usage or self.usage,
            self.refused or later.refused,
            self.is_last or later.is_last,
        )


def from_stream(lines: Iterator[str]) -> Iterator[Chunk]:
    """The chunks of a stream, up to `[DONE]` or its end. Raises BrokenProtocol or ErrorInStream."""
    for line in lines:
        if not line or line.startswith((":", "event:", "id:", "retry:")):
            continue
        if not line.startswith("data:"):
            raise BrokenProtocol("a line that is no event")
        payload = line[5:].strip()
        if payload == "[DONE]":
            yield Chunk(is_last=True)
            break
        yield _chunk(_parse(payload), "delta")
    for _ in lines:  # a connection can serve the next question only if this reply was read to its end
        continue


def from_body(body: str) -> Iterator[Chunk]:
    """The one chunk of a server that does not stream. Raises BrokenProtocol or ErrorInStream."""
    yield _chunk(_parse(body), "message")


def _parse(payload: str) -> dict[str, Any]:
    try:
        data = json.loads(payload)
    except ValueError as error:
        raise BrokenProtocol("broken JSON") from error
    if not isinstance(data, dict):
        raise BrokenProtocol("JSON that is no object")
    if error_object := data.get("error"):
        code = error_object.get("code") or error_object.get("type") if isinstance(error_object, dict) else None
        raise ErrorInStream(str(code or "unknown"))
    return data


def _chunk(data: dict[str, Any], part: str) -> Chunk:
    usage = _usage(data.get("usage"))
    choices = data.get("choices")
    if not choices:
        return Chunk(usage=usage)
    choice = choices[0] if isinstance(choices, list) else None
    if not isinstance(choice, dict):
        raise BrokenProtocol("choices that are none")
    words = choice.get(part) or {}
    text = words.get("content") if isinstance(words, dict) else None
    finish_reason = choice.get("finish_reason")
    return Chunk(
        text=_writable(text) if isinstance(text, str) else "",
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        usage=usage,
        refused=bool(isinstance(words, dict) and words.get("refusal")),
    )


def _writable(text: str) -> str:
    if "\ufffd" in text:
        raise BrokenProtocol("bytes that are no text")
    return _UNWRITABLE.sub("", text)


def _usage(data: object) -> ReportedUsage | None:
    """None also for figures that cannot be: what was paid is then unknown, not zero."""
    if not isinstance(data, dict):
        return None
    details = data.get("prompt_tokens_details")
    if not isinstance(details, dict):
        details = {}
    prompt, cached, completion, written = (
        _count(data.get("prompt_tokens")),
        _count(details.get("cached_tokens") or 0),
        _count(data.get("completion_tokens")),
        _count(details.get("cache_write_tokens") or 0),
    )
    if prompt is None or cached is None or completion is None or written is None or prompt == 0 or cached > prompt:
        return None
    return ReportedUsage(prompt, cached, completion, written)


def _count(value: object) -> int | None:
    possible = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000_000
    return value if possible and isinstance(value, int) else None
