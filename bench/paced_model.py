"""A model that streams to thousands at once: the first word after a while, then so many tokens a second. Prints its port.

Usage: python bench/paced_model.py tokens"""

from __future__ import annotations

import asyncio
import json
import re
import sys

FIRST_WORD_S = 0.2
TOKENS_A_SECOND = 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(data: str) -> bytes:
    """One event of the stream, as a chunk of HTTP."""
    line = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(line), line)


def piece(text: str, reason: str | None = None, **more: object) -> bytes:
    """One piece of an answer."""
    return event(json.dumps({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], **more}))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tokens: int) -> None:
    """Answer every request of one connection."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(HEAD)
            await writer.drain()
            await asyncio.sleep(FIRST_WORD_S)
            for number in range(tokens):
                writer.write(piece("Nous " if number == 0 else "vous aidons volontiers, "))
                await writer.drain()
                await asyncio.sleep(1 / TOKENS_A_SECOND)
            usage = {"prompt_tokens": 900, "completion_tokens": tokens, "total_tokens": 900 + tokens}
            writer.write(piece("bien sûr.", "stop") + piece("", None, usage=usage) + event("[DONE]") + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return  # the client has left
    finally:
        writer.close()


async def main(tokens: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, tokens), "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
