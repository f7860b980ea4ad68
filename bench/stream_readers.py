"""The visitors who read streams: so many at once, and one who asks for something short meanwhile. Prints what they saw as JSON.

Usage: python bench/stream_readers.py chat|model port visitors spread_s"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
import urllib.parse
import uuid

PAUSE_S = 0.05
PATIENCE_S = 60.0
FIRST_WORD = {"chat": b'.live" hx-swap="beforeend"', "model": b'"content": "Nous'}
LAST_CHUNK = b"\r\n0\r\n\r\n"
LAST_WORD = {"chat": b"vous aidons volontiers, bien s", "model": b"[DONE]"}


def request(kind: str, port: int) -> bytes:
    """A question that nobody has asked before: to the chat as htmx sends it, or to the model directly."""
    question = f"Tenez-vous les comptes de la société {uuid.uuid4().hex[:8]} ?"
    if kind == "model":
        path, accept, content = "/v1/chat/completions", "*/*", "application/json"
        body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": question}]})
    else:
        path, accept, content = "/chat", "text/html, text/event-stream", "application/x-www-form-urlencoded"
        body = urllib.parse.urlencode({"question": question, "request_key": uuid.uuid4().hex})
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHX-Request: true\r\nAccept: {accept}\r\n"
        f"Sec-Fetch-Site: same-origin\r\nContent-Type: {content}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return f"{head}{body}".encode()


async def read_stream(kind: str, port: int, after_s: float) -> tuple[float | None, bool]:
    """How long the model's first word took, in milliseconds; None where the model did not answer to the end. And whether an
    answer came whole, by whomever."""
    await asyncio.sleep(after_s)
    begun, first, seen = time.perf_counter(), None, b""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(kind, port))
            while data := await reader.read(65536):
                seen += data
                if first is None and FIRST_WORD[kind] in seen:
                    first = 1000 * (time.perf_counter() - begun)
            writer.close()
    return first if LAST_WORD[kind] in seen else None, seen.endswith(LAST_CHUNK)


async def ask_shortly(port: int, found: list[float]) -> None:
    """Ask for the least that the server answers, again and again, until cancelled."""
    while True:
        begun = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()
        found.append(1000 * (time.perf_counter() - begun))
        await asyncio.sleep(PAUSE_S)


async def main(kind: str, port: int, visitors: int, spread_s: float) -> None:
    """Let the visitors come one after the other within `spread_s`; each stays to the end of the answer."""
    short: list[float] = []
    prober = asyncio.create_task(ask_shortly(port, short)) if kind == "chat" else None
    streams = (read_stream(kind, port, spread_s * number / visitors) for number in range(visitors))
    first_ms, whole = zip(*await asyncio.gather(*streams), strict=True)
    if prober:
        prober.cancel()
    print(json.dumps({"first_ms": first_ms, "broken": whole.count(False), "short_ms": short}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
