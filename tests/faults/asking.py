"""A visitor on the wire: the four ways to ask, and what comes back as the visitor would see it."""

from __future__ import annotations

import html
import http.client
import json
import re
import time
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlencode

from okichat.sentences import Sentences

HTMX, PLAIN, JSON, JSON_STREAM = "htmx stream", "no JavaScript", "JSON", "JSON stream"
WAYS = (HTMX, PLAIN, JSON, JSON_STREAM)
RUNGS = ("cache", "gpt", "local", "handoff", "interrupted", "small_talk")  # the last one's name is also the assistant's


@dataclass(frozen=True, slots=True)
class Reply:
    """What a visitor got.

    text          of the answer, without markup; empty where none came
    answered_by   the rung that the reply names
    notice        whether a sentence about the mode was shown
    is_whole      the reply ended as its kind of reply ends
    """

    status: int
    text: str
    answered_by: str
    notice: str
    is_whole: bool
    took_s: float


def ask(port: int, way: str, question: str, *, timeout_s: float = 30, key: str | None = None) -> Reply:
    """Ask one question as a new visitor. `key` is the form's request key, the same for a repeated submission."""
    path, body, headers = _posted(way, question, key)
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("POST", path, body, {"Sec-Fetch-Site": "same-origin", "Accept-Language": "fr", **headers})
        response = connection.getresponse()
        try:
            raw, is_whole = response.read(), True
        except http.client.IncompleteRead as cut:
            raw, is_whole = cut.partial, False
    finally:
        connection.close()
    text, answered_by, notice = _read(way, raw.decode()) if response.status == 200 else ("", "", "")
    return Reply(response.status, text, answered_by, notice, is_whole and bool(text), time.monotonic() - started)


def _posted(way: str, question: str, key: str | None) -> tuple[str, str, dict[str, str]]:
    if way in (HTMX, PLAIN):
        form = {"question": question, **({"request_key": key} if key else {})}
        htmx = (
            {"HX-Request": "true", "Accept": "text/html, text/event-stream"} if way == HTMX else {"Accept": "text/html"}
        )
        return "/chat", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded", **htmx}
    accept = "text/event-stream" if way == JSON_STREAM else "application/json"
    return "/api/chat", json.dumps({"question": question}), {"Content-Type": "application/json", "Accept": accept}


def _read(way: str, body: str) -> tuple[str, str, str]:
    """Text, rung and notice of the one finished answer in the body; empty texts where there is none, or more than one."""
    if way == JSON:
        return _of_json(json.loads(body))
    if way == JSON_STREAM:
        return _of_json_stream(body)
    return _of_page(body if way == PLAIN else "\n".join(data for _, data in messages_in(body)))


def messages_in(body: str) -> list[tuple[str, str]]:
    """Name and data of every message of an event stream; comments are left out."""
    found = []
    for block in body.split("\n\n"):
        lines = block.split("\n")
        names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        if data:
            found.append((names[0] if names else "message", "\n".join(data)))
    return found


def _of_json(reply: dict[str, str | None]) -> tuple[str, str, str]:
    return reply["response"] or "", reply["answered_by"] or "", reply["notice"] or ""


def _of_json_stream(body: str) -> tuple[str, str, str]:
    messages = messages_in(body)
    answers = [data for name, data in messages if name == "answer"]
    if len(answers) != 1 or messages[-1][0] != "answer":
        return "", "", ""
    return _of_json(json.loads(answers[0]))


def _of_page(page: str) -> tuple[str, str, str]:
    articles = re.findall(r'<article class="answer".*?</article>', page, re.DOTALL)
    finished = [article for article in articles if 'class="meta"' in article]
    if len(finished) != 1:
        return "", "", ""
    prose = re.search(r'<div class="bubble prose"[^>]*>(.*?)</div>', finished[0], re.DOTALL)
    text = _words(prose.group(1)) if prose else ""
    rungs = [
        name for sentence, name in _rungs().items() if html.escape(sentence, quote=False) in html.unescape(finished[0])
    ]
    notice = re.search(r'<div class="notice">.*?<p>(.*?)</p>', finished[0], re.DOTALL)
    return text, rungs[0] if rungs else "", _words(notice.group(1)) if notice else ""


def _words(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()


@cache
def _rungs() -> dict[str, str]:
    """How the page names each rung, in both languages."""
    sentences = Sentences()
    return {sentences(language)(f"rung.{rung}"): rung for rung in RUNGS for language in ("en", "fr")}
