"""How a chat completion looks on the wire, streamed and unstreamed, with or without a flaw."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from threading import Event
from typing import Any

REAL_USAGE = object()

DEFAULT_TEXT = (
    "Le cabinet vous accompagne de bout en bout : un expert-comptable vous reçoit, examine vos besoins, "
    "puis vous propose une lettre de mission claire. Le premier rendez-vous est offert."
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says, and how.

    text           the answer; None makes `content` null
    delay_s        before the headers
    token_delay_s  before each token
    gate           the first token waits until this event is set, after `delay_s`
    rest           the second half of the tokens waits until this event is set
    cached_tokens  how many of the input tokens are reported as cached
    usage          what to report in place of the counted usage; None leaves it out
    done           whether a stream is closed with `[DONE]`
    choices        whether there is any choice at all
    error_at       a stream is broken off by an error object after this share of its tokens
    """

    text: str | None = DEFAULT_TEXT
    delay_s: float = 0.0
    token_delay_s: float = 0.0
    gate: Event | None = None
    rest: Event | None = None
    cached_tokens: int = 0
    finish_reason: str | None = "stop"
    refusal: str | None = None
    usage: Any = REAL_USAGE
    done: bool = True
    choices: bool = True
    error_at: float | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """Tokens that the model's host would put on the invoice."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Billed) -> Billed:
        """Both together."""
        return Billed(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a body that are sent together, and the output tokens they carry."""

    data: bytes
    tokens: int = 0


def tokens_of(text: str) -> list[str]:
    """The text in pieces: a word with the blanks before it is one token, a long word several."""
    return re.findall(r"\s*\S{1,12}|\s+$", text)


def input_tokens_of(body: dict[str, Any]) -> int:
    """What the prompt is billed as: a token for about four bytes, and four more for each message."""
    messages = [json.dumps(message, ensure_ascii=False) for message in body["messages"]]
    return sum(len(message.encode("utf-8", "replace")) // 4 + 4 for message in messages)


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply to one request, cut to the request's own cap."""

    reply: Reply
    body: dict[str, Any]

    @property
    def streamed(self) -> bool:
        """Whether the request asked for a stream."""
        return bool(self.body.get("stream"))

    @property
    def tokens(self) -> list[str]:
        """The tokens of the answer, no more than the request allows."""
        cap = self.body.get("max_completion_tokens") or self.body.get("max_tokens")
        return tokens_of(self.reply.text or "")[:cap]

    @property
    def finish_reason(self) -> str | None:
        """The scripted one, or `length` where the cap has cut the text."""
        is_cut = len(self.tokens) < len(tokens_of(self.reply.text or ""))
        return "length" if is_cut and self.reply.finish_reason == "stop" else self.reply.finish_reason

    @property
    def usage(self) -> Any:
        """What is reported, right or wrong."""
        if self.reply.usage is not REAL_USAGE:
            return self.reply.usage
        bought, sold = input_tokens_of(self.body), len(self.tokens)
        return {
            "prompt_tokens": bought,
            "completion_tokens": sold,
            "total_tokens": bought + sold,
            "prompt_tokens_details": {"cached_tokens": self.reply.cached_tokens, "audio_tokens": 0},
        }

    def parts(self) -> list[Part]:
        """The whole body, ready to send: a stream is role, one part a token, end, usage, `[DONE]`; else five slices."""
        if self.streamed:
            return self._stream()
        whole = json.dumps(self._document()).encode()
        size = len(whole) // 5 + 1
        slices = [whole[start : start + size] for start in range(0, len(whole), size)]
        return [Part(slices[0], len(self.tokens)), *(Part(piece) for piece in slices[1:])]

    def _stream(self) -> list[Part]:
        said = [Part(event(self._chunk({"content": token})), 1) for token in self.tokens]
        if self.reply.error_at is not None:
            return [
                Part(event(self._chunk({"role": "assistant"}))),
                *said[: int(len(said) * self.reply.error_at)],
                Part(event(ERROR)),
            ]
        if self.reply.refusal is not None:
            said.append(Part(event(self._chunk({"refusal": self.reply.refusal})), 1))
        first: dict[str, Any] = {"role": "assistant", "content": None if self.reply.text is None else ""}
        last = [Part(event(self._chunk({}, self.finish_reason)))] if self.reply.finish_reason else []
        if (self.body.get("stream_options") or {}).get("include_usage") and self.usage is not None:
            last.append(Part(event({**self._chunk({}), "choices": [], "usage": self.usage})))
        if self.reply.done:
            last.append(Part(b"data: [DONE]\n\n"))
        return [Part(event(self._chunk(first))), *said, *last]

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**self._base("chat.completion.chunk"), "choices": [choice] if self.reply.choices else []}

    def _document(self) -> dict[str, Any]:
        if self.reply.error_at is not None:
            return ERROR
        text = None if self.reply.text is None else "".join(self.tokens)
        message = {"role": "assistant", "content": text, "refusal": self.reply.refusal}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason, "logprobs": None}
        usage = {} if self.usage is None else {"usage": self.usage}
        return {**self._base("chat.completion"), "choices": [choice] if self.reply.choices else [], **usage}

    def _base(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-double", "object": kind, "created": 1_790_000_000, "model": self.body["model"]}


ERROR = {
    "error": {
        "message": "The server had an error while processing your request.",
        "type": "server_error",
        "param": None,
        "code": None,
    }
}


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(data)}\n\n".encode()


def error_body(message: str, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    """An error as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}}).encode()
