"""Every way in which the model's host is known to fail, by name: a table from kind to what is done to one request."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from tests.doubles.openai_exchange import PATIENCE_S, Exchange
from tests.doubles.openai_replies import REPLIES
from tests.doubles.openai_wire import Part, Reply, error_body, event

Misdeed = Callable[[Exchange], None]

GOOD = Reply()
HTML = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"

_REFUSALS: dict[str, tuple[int, str, str | None]] = {
    "status_400": (400, "invalid_request_error", None),
    "context_length_exceeded": (400, "invalid_request_error", "context_length_exceeded"),
    "content_policy_400": (400, "invalid_request_error", "content_filter"),
    "invalid_key": (401, "invalid_request_error", "invalid_api_key"),
    "forbidden": (403, "request_forbidden", "unsupported_country_region_territory"),
    "model_not_found": (404, "invalid_request_error", "model_not_found"),
    "status_408": (408, "server_error", None),
    "status_409": (409, "server_error", None),
    "status_413": (413, "invalid_request_error", None),
    "status_422": (422, "invalid_request_error", None),
    "insufficient_quota": (429, "insufficient_quota", "insufficient_quota"),
    "status_500": (500, "server_error", None),
    "status_502": (502, "server_error", None),
    "status_503": (503, "server_error", None),
    "status_504": (504, "server_error", None),
}

# A broken line in the place of one token; the rest of the stream is in order.
_BAD_LINES: dict[str, bytes] = {
    "broken_json": b'data: {"id": "chatcmpl-double", "choices": [{"del\n\n',
    "not_an_object": b"data: 42\n\n",
    "wrong_types": event({"id": 7, "object": None, "choices": "none", "model": []}),
    "invalid_utf8": b'data: {"choices": [{"index": 0, "delta": {"content": "\xff\xfe"}}]}\n\n',
}


def _stop_at(where: str, then: Callable[[Exchange], None]) -> Misdeed:
    """Send everything up to the first, middle or last token, then do something else."""

    def misdeed(exchange: Exchange) -> None:
        parts = exchange.begin(GOOD).parts()
        exchange.send(parts[: _position(parts, where)])
        then(exchange)

    return misdeed


def _spoil_at(where: str, line: bytes) -> Misdeed:
    """Put a broken line in the place of the first, middle or last token."""

    def misdeed(exchange: Exchange) -> None:
        parts = exchange.begin(GOOD).parts()
        at = _position(parts, where) - 1
        exchange.send([*parts[:at], Part(line), *parts[at + 1 :]])
        exchange.end()

    return misdeed


def _position(parts: list[Part], where: str) -> int:
    """How many parts go out until the first, middle or last token has gone out; an unstreamed body is cut likewise."""
    tokens = [number for number, part in enumerate(parts, start=1) if part.tokens]
    if len(tokens) < 2:
        return {"first": 1, "middle": len(parts) // 2, "last": len(parts) - 1}[where]
    return {"first": tokens[0], "middle": tokens[len(tokens) // 2], "last": tokens[-1]}[where]


def _say(reply: Reply) -> Misdeed:
    return lambda exchange: exchange.answer(reply)


def _document(status: int, body: bytes, content_type: str = "application/json", *headers: tuple[str, str]) -> Misdeed:
    return lambda exchange: exchange.document(status, body, content_type, headers)


def _refuse(status: int, kind: str, code: str | None) -> Misdeed:
    return _document(status, error_body(f"Refused by the double: {code or status}.", kind, code))


def _rate_limited(retry_after: str) -> Misdeed:
    body = error_body("Rate limit reached.", "requests", "rate_limit_exceeded")
    return _document(429, body, "application/json", ("Retry-After", retry_after))


def _close_before_headers(exchange: Exchange) -> None:
    exchange.hang_up()


def _reset_after_headers(exchange: Exchange) -> None:
    exchange.begin(GOOD)
    exchange.reset()


def _hang_before_headers(exchange: Exchange) -> None:
    exchange.bill_input()
    exchange.hang()


def _hang_after_headers(exchange: Exchange) -> None:
    exchange.begin(GOOD)
    exchange.hang()


def _drip(exchange: Exchange, pieces: itertools.chain[bytes] | itertools.repeat[bytes], every_s: float) -> None:
    for piece in itertools.islice(pieces, int(PATIENCE_S / every_s)):
        exchange.wait(every_s)
        exchange.send([Part(piece)])
    exchange.end()


def _bytes_dripping(exchange: Exchange) -> None:
    """No single read ever waits long, and still nothing arrives."""
    body = b"".join(part.data for part in exchange.begin(GOOD).parts())
    _drip(exchange, itertools.chain(body[i : i + 1] for i in range(len(body))), 0.1)


def _headers_dripping(exchange: Exchange) -> None:
    exchange.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(int(PATIENCE_S / 0.1)):
        exchange.wait(0.1)
        exchange.raw(b"a")


def _comments_dripping(exchange: Exchange) -> None:
    """Signs of life for ever, never a token."""
    exchange.begin(GOOD, content_type="text/event-stream")
    _drip(exchange, itertools.repeat(b": keep-alive\n\n"), 0.1)


def _endless_tokens(exchange: Exchange) -> None:
    """A server that ignores the output cap and talks as fast as it can."""
    word = next(part for part in exchange.begin(GOOD).parts() if part.tokens)
    while True:
        exchange.send([word] * 50)
        exchange.wait(0.01)


def _huge_body(exchange: Exchange) -> None:
    """One line of 48 MB without an end."""
    exchange.begin(GOOD)
    exchange.send([Part(b'data: {"choices": [{"delta": {"content": "'), *[Part(b"a" * 2**20)] * 48])
    exchange.end()


def _gzip_garbage(exchange: Exchange) -> None:
    exchange.begin(GOOD, headers=[("Content-Encoding", "gzip")])
    exchange.send([Part(b"\x1f\x8b\x08\x00" + b"no gzip at all" * 20)])
    exchange.end()


def _wrong_content_type(exchange: Exchange) -> None:
    """The right body under the wrong name: an answer all the same."""
    exchange.send(exchange.begin(GOOD, content_type="text/plain").parts())
    exchange.end()


def _document_for_stream(exchange: Exchange) -> None:
    """A server that does not know `stream` and sends the whole answer as one JSON document."""
    exchange.received.body["stream"] = False
    exchange.answer(GOOD)


def _short_body(exchange: Exchange) -> None:
    data = b"".join(part.data for part in exchange.completion(GOOD).parts())
    exchange.bill_input()
    exchange.head(200, "text/event-stream", length=len(data) + 100)
    exchange.raw(data[: len(data) // 2])
    exchange.hang_up()


def _early_hints(exchange: Exchange) -> None:
    """Interim answers before the real one, as HTTP allows: an answer all the same."""
    exchange.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" * 2)
    exchange.answer(GOOD)


def _not_http(exchange: Exchange) -> None:
    exchange.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    exchange.hang_up()


def _unless(parameter: str, status: int) -> Misdeed:
    """A server that does not know one parameter: it answers every request without it."""

    def misdeed(exchange: Exchange) -> None:
        if parameter in exchange.received.body:
            code = "unsupported_parameter"
            exchange.document(
                status, error_body(f"Unsupported parameter: '{parameter}'.", "invalid_request_error", code, parameter)
            )
        else:
            exchange.answer(GOOD)

    return misdeed


FAULTS: dict[str, Misdeed] = {
    "reset_before_headers": Exchange.reset,
    "close_before_headers": _close_before_headers,
    "reset_after_headers": _reset_after_headers,
    "hang_before_headers": _hang_before_headers,
    "hang_after_headers": _hang_after_headers,
    "headers_dripping": _headers_dripping,
    "bytes_dripping": _bytes_dripping,
    "comments_dripping": _comments_dripping,
    **{f"stall_{where}": _stop_at(where, Exchange.hang) for where in ("first", "middle", "last")},
    **{f"reset_{where}": _stop_at(where, Exchange.reset) for where in ("first", "middle", "last")},
    **{f"cut_{where}": _stop_at(where, Exchange.hang_up) for where in ("first", "middle", "last")},
    **{f"clean_end_{where}": _stop_at(where, Exchange.end) for where in ("first", "middle", "last")},
    **{
        f"{name}_{where}": _spoil_at(where, line)
        for name, line in _BAD_LINES.items()
        for where in ("first", "middle", "last")
    },
    **{kind: _say(reply) for kind, reply in REPLIES.items()},
    **{kind: _refuse(*refusal) for kind, refusal in _REFUSALS.items()},
    "status_429_bare": _document(429, b""),
    "status_500_bare": _document(500, b""),
    "error_not_an_object": _document(400, b'{"error": "no"}'),
    "rate_limited": _rate_limited("1"),
    "rate_limited_long": _rate_limited("3600"),
    "rate_limited_odd": _rate_limited("soon"),
    "html_200": _document(200, HTML, "text/html; charset=utf-8"),
    "html_502": _document(502, HTML, "text/html; charset=utf-8"),
    "empty_body": _document(200, b"", "text/event-stream"),
    "redirect_loop": _document(307, b"", "text/plain", ("Location", "/v1/chat/completions")),
    "stream_options_400": _unless("stream_options", 400),
    "stream_options_422": _unless("stream_options", 422),
    "max_completion_tokens_400": _unless("max_completion_tokens", 400),
    "endless_tokens": _endless_tokens,
    "huge_body": _huge_body,
    "gzip_garbage": _gzip_garbage,
    "wrong_content_type": _wrong_content_type,
    "document_for_stream": _document_for_stream,
    "short_body": _short_body,
    "early_hints": _early_hints,
    "not_http": _not_http,
}
