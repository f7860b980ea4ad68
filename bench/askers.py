"""The visitors: a process of its own that asks over a few connections for some seconds and prints what it saw as JSON."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field

CONNECTIONS = 8
KEY = "request_key"
NEW_KEY = re.compile(rb'name="request_key" value="([^"]*)"')
QUESTIONS = (
    "Quels sont vos services ?",
    "Quels sont vos horaires ?",
    "Comment prendre rendez-vous ?",
    "Combien coûte un expert-comptable ?",
    "Vous occupez-vous de la paie ?",
    "Je veux créer une société",
    "Travaillez-vous avec des associations ?",
    "Où êtes-vous ?",
)


@dataclass
class Visit:
    """One run against one port. `form` holds the hidden fields of the page."""

    port: int
    reuse: bool
    form: dict[str, str]
    until: float
    latencies_s: list[float] = field(default_factory=list)

    def request(self, number: int, key: bytes | None) -> bytes:
        """One question as htmx sends it to have a fragment, with the key that the last one brought; made up at first."""
        fields = {**self.form, "question": QUESTIONS[number % len(QUESTIONS)]}
        fields.update({name: key.decode() if key else uuid.uuid4().hex for name in fields if name == KEY})
        body = urllib.parse.urlencode(fields).encode()
        connection = "keep-alive" if self.reuse else "close"
        head = (
            f"POST /chat HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nHX-Request: true\r\nAccept: text/html\r\n"
            f"Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Connection: {connection}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def ask_until_the_end(self) -> None:
        """Ask one question after the other over one connection, or over a new one each."""
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        key: bytes | None = None
        while time.perf_counter() < self.until:
            request = self.request(len(self.latencies_s), key)
            begun = time.perf_counter()
            if reader is None or writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            found = NEW_KEY.search(await read_answer(reader))
            key = found and found[1]
            self.latencies_s.append(time.perf_counter() - begun)
            if not self.reuse:
                writer.close()
                reader = writer = None
        if writer is not None:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer. Anything but a 200 ends the run: a fast error is no speed."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else await _read_chunks(reader)
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench: {head.splitlines()[0].decode()}: {body[:300].decode(errors='replace')}")
    return body


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


async def hidden_fields(port: int) -> dict[str, str]:
    """What the form of the page at `port` sends beside the question."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    page = (await read_answer(reader)).decode()
    writer.close()
    form = re.search(r"<form[^>]*action=\"/chat\".*?</form>", page, re.DOTALL)
    tags = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form[0]) if form else []
    return {attribute(tag, "name"): attribute(tag, "value") for tag in tags}


def attribute(tag: str, name: str) -> str:
    """The value of one attribute of a tag; empty without it."""
    found = re.search(rf"\b{name}=\"([^\"]*)\"", tag)
    return found[1] if found else ""


async def main(port: int, style: str, seconds: float) -> None:
    """Ask for `seconds`; `style` is "kept" or "new" connections."""
    form = await hidden_fields(port)
    begun, work_begun = time.perf_counter(), time.process_time()
    visit = Visit(port, style == "kept", form, begun + seconds)
    await asyncio.gather(*(visit.ask_until_the_end() for _ in range(CONNECTIONS)))
    elapsed_s = time.perf_counter() - begun
    ordered = sorted(visit.latencies_s)
    seen = {
        "per_second": len(ordered) / elapsed_s,
        "p95_ms": 1000 * ordered[int(len(ordered) * 0.95)],
        "busy": (time.process_time() - work_begun) / elapsed_s,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
