"""What must hold for a site that is served, looked at from outside as a visitor's browser and a stranger would."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from okichat.health.finding import Finding
from okichat.readers import is_loopback
from okichat.sentences import Say, Sentences
from okichat.settings import Settings, read_environment

_TIMEOUT_S = 40.0
_MOST_BYTES = 2_000_000
_LEAST_SECRET_CHARS = 8
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{16,}|\bBearer [A-Za-z0-9._-]{16,}|://[^/\s:@\"']+:[^/\s:@\"']+@")
_INSIDE, _OUTSIDE = "Quels sont vos services ?", "Bonjour"
_HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    took_s: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class _Unreachable(Exception):
    """No reply; the text is a stable word."""


def site_checks(site: str, settings: Settings) -> Iterator[Finding]:
    """Every check of the site at an address, in the language of `settings`, whose secrets must not be found there."""
    say = Sentences()(settings.locale)
    try:
        page = _get(site.rstrip("/") + "/")
        base = page.url.rstrip("/")
        if page.status != 200 or 'id="question"' not in page.text:
            yield Finding("page", "error", say("check.page.broken", status=page.status, url=page.url))
            return
        yield Finding("page", "ok", say("check.page.ok", seconds=f"{page.took_s:.2f}"))
        yield _badge(page, say)
        yield _encryption(base, say)
        yield _headers(page, base, say)
        yield _compression(base, say)
        yield from _answers(base, say)
        yield _strangers(base, say)
        yield _readiness(base, say)
        yield _secrets(base, page, say)
    except _Unreachable as error:
        yield Finding("page", "error", say("check.site.unreachable", cause=str(error)))


def _badge(page: _Reply, say: Say) -> Finding:
    mode = re.search(r'class="mode mode-(gpt|local)"', page.text)
    if not mode:
        return Finding("badge", "error", say("check.badge.missing"))
    return Finding("badge", "ok", say(f"check.badge.{mode[1]}"))


def _encryption(base: str, say: Say) -> Finding:
    pieces = urlsplit(base)
    if pieces.scheme == "https":
        return Finding("https", "ok", say("check.https.ok"))
    here = is_loopback(pieces.hostname or "")
    return Finding("https", "warning" if here else "error", say("check.https.plain"))


def _headers(page: _Reply, base: str, say: Say) -> Finding:
    wanted = [*_HEADERS, *(["Strict-Transport-Security"] if base.startswith("https:") else [])]
    missing = [name for name in wanted if not page.headers.get(name)]
    policy = page.headers.get("Content-Security-Policy", "")
    missing += [f"Content-Security-Policy ({part})" for part in ("frame-ancestors", "script-src") if part not in policy]
    if missing or "unsafe-" in policy:
        return Finding("headers", "error", say("check.headers.missing", names=", ".join(missing) or "unsafe-…"))
    return Finding("headers", "ok", say("check.headers.ok"))


def _compression(base: str, say: Say) -> Finding:
    reply = _get(f"{base}/", {"Accept-Encoding": "br, gzip"})
    encoding = reply.headers.get("Content-Encoding", "")
    if encoding in ("br", "gzip", "zstd"):
        return Finding("compression", "ok", say("check.compression.ok", encoding=encoding))
    return Finding("compression", "warning", say("check.compression.missing"))


def _answers(base: str, say: Say) -> Iterator[Finding]:
    """One question of the field and one that costs nothing; a stranger's X-Forwarded-For must not buy a new limit."""
    first = _ask(base, _INSIDE, "192.0.2.1")
    if first.status == 429:
        yield Finding("answer", "warning", say("check.answer.limit", seconds=first.headers.get("Retry-After", "?")))
        return
    rung, text = first.json.get("answered_by"), first.json.get("response")
    if first.status != 200 or not rung or not text:
        yield Finding("answer", "error", say("check.answer.broken", status=first.status))
    else:
        helped = rung not in ("handoff", "interrupted")
        seconds = f"{first.took_s:.1f}"
        text = say("check.answer.ok", rung=say(f"rung.{rung}"), seconds=seconds)
        yield Finding("answer", "ok" if helped else "warning", text)
    second = _ask(base, _OUTSIDE, "192.0.2.2")
    free = second.json.get("source") == "fallback" and bool(second.json.get("response"))
    yield Finding("fallback", "ok" if free else "error", say("check.fallback.ok" if free else "check.fallback.broken"))
    yield _limit(first, second, say)


def _limit(first: _Reply, second: _Reply, say: Say) -> Finding:
    limit = first.headers.get("X-RateLimit-Limit", "")
    left = [reply.headers.get("X-RateLimit-Remaining", "") for reply in (first, second)]
    if not limit or not all(number.isdigit() for number in left):
        return Finding("limit", "error", say("check.limit.missing"))
    if int(left[1]) >= int(left[0]):
        return Finding("limit", "error", say("check.limit.forged"))
    return Finding("limit", "ok", say("check.limit.ok", limit=limit))


def _strangers(base: str, say: Say) -> Finding:
    reply = _post(base, _OUTSIDE, {"Origin": "https://stranger.example", "Sec-Fetch-Site": "cross-site"})
    refused = reply.status == 403
    return Finding("strangers", "ok" if refused else "error", say(f"check.strangers.{'ok' if refused else 'open'}"))


def _readiness(base: str, say: Say) -> Finding:
    reply = _get(f"{base}/readyz")
    parts = {
        **reply.json.get("rungs", {}),
        "store": reply.json.get("store", {}),
        "redis": reply.json.get("redis") or {},
    }
    broken = [name for name, part in parts.items() if part.get("works") is False and part.get("why") != "no_key"]
    if reply.status != 200:
        return Finding("ready", "error", say("check.ready.broken", status=reply.status))
    if broken:
        return Finding("ready", "warning", say("check.ready.partly", names=", ".join(broken)))
    return Finding("ready", "ok", say("check.ready.ok"))


def _secrets(base: str, page: _Reply, say: Say) -> Finding:
    """Nothing that looks like a key, and none of the secrets that are set here, which are often those of the site."""
    environment = read_environment()
    names = [spec.metadata["name"] for spec in fields(Settings) if spec.metadata["secret"]]
    own = {environment.get(name, "").strip() for name in names}
    known = [secret for secret in own if len(secret) >= _LEAST_SECRET_CHARS]
    texts = {"/": page.text} | {path: _get(base + path).text for path in ("/embed.js", "/readyz", "/api/openapi.json")}
    for path, text in texts.items():
        if _KEY.search(text) or any(secret in text for secret in known):
            return Finding("secrets", "error", say("check.secrets.found", path=path))
    return Finding("secrets", "ok", say("check.secrets.ok"))


def _ask(base: str, question: str, forwarded_for: str) -> _Reply:
    return _post(base, question, {"X-Forwarded-For": forwarded_for})


def _post(base: str, question: str, headers: Mapping[str, str]) -> _Reply:
    body = json.dumps({"question": question}).encode()
    return _open(Request(f"{base}/api/chat", body, {"Content-Type": "application/json", **headers}))


def _get(url: str, headers: Mapping[str, str] | None = None) -> _Reply:
    return _open(Request(url, headers=dict(headers or {})))


def _open(request: Request) -> _Reply:
    started = time.monotonic()
    request.add_header("User-Agent", "okichat-check")
    try:
        try:
            reply = urlopen(request, timeout=_TIMEOUT_S)
        except HTTPError as error:
            reply = error
        with reply:
            body = reply.read(_MOST_BYTES)
            return _Reply(reply.status or 0, reply.headers, body, reply.url, time.monotonic() - started)
    except URLError as error:
        raise _Unreachable(type(error.reason).__name__) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Unreachable(type(error).__name__) from error
