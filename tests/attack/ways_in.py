"""Every address that takes something from outside, and requests to them as a hostile client would write them.

What a form holds is drawn from all planes of Unicode, from known tricks and from what the form really takes; fields are
missing, doubled, of another kind, far too long, in charsets that nobody asked for, or in bodies that break off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

CONVERSATION, TURN, STAMP, REFERENCE, PASSWORD = "<conversation>", "<turn>", "<stamp>", "<reference>", "<password>"
"""What only the app can hand out; whoever sends the request puts the real thing in their place."""

VISITOR_FORMS: Mapping[str, Sequence[str]] = {
    "/chat": ("question", "conversation", "request_key", "locale"),
    "/api/chat": ("question", "conversation", "request_key", "locale"),
    "/contact": ("name", "email", "phone", "text", "website", "attach", "stamp", "conversation"),
    "/feedback": ("up", "down", "reason", "words", "conversation"),
    "/chat/thread": ("conversation",),
    "/chat/transcript": ("conversation",),
    "/chat/transcript/mail": ("conversation", "email"),
    "/chat/erase": ("conversation",),
    "/widget": ("conversation",),
    "/admin/sign-in": ("password",),
    "/admin/sign-out": (),
}
OWNER_FORMS: Mapping[str, Sequence[str]] = {
    "/admin/questions/groups": ("do", "turn", "topic"),
    "/admin/knowledge": ("q",),
    "/admin/gpt": ("turn",),
    "/admin/health": (),
    f"/admin/messages/{REFERENCE}/answered": (),
    f"/admin/references/{REFERENCE}/export": (),
    f"/admin/references/{TURN}/erase": (),
}
PAGES = (
    "/", "/contact", "/confidentialite", "/widget", "/embed.js", "/api/openapi.json", "/healthz", "/readyz", "/static/x",
    "/admin/sign-in",
)  # fmt: skip
OWNER_PAGES = (
    "/admin", "/admin/questions", "/admin/questions.csv", "/admin/questions/groups", "/admin/messages",
    "/admin/messages.csv", "/admin/knowledge", "/admin/knowledge/fr/tarifs", "/admin/conversations/x", "/admin/security",
    "/admin/health",
)  # fmt: skip
ARGUMENTS = (
    "lang", "frame", "sent", "conversation", "endpoint", "_scheme", "_external", "_method", "_anchor", "self", "q",
    "rung", "topic", "notice", "feedback", "day", "before", "days", "live", "state", "done", "turn", "place", "from",
)  # fmt: skip
TRICKS = (
    "", " ", "\0", "a\0b", "\r\nSet-Cookie: x=1", "\u202egnp.exe", "\u200b", "\ufeff", "-1", "0", "1e309", "NaN", "null",
    "[]", "{}", "true", "{{7*7}}", "${7*7}", "%s%n", "' OR 1=1 --", "\" ; DROP TABLE turns; --", "../../etc/passwd",
    "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "https://evil.example", "//evil.example", "javascript:alert(1)",
    "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00~x", "9999-12-31T23:59:59-14:00~x", "٣", "²", "Ⅷ", "İ", "ß",
    "e\u0301" * 200, "a@b.fr", "a@b.fr\r\nBcc: c@d.fr", "06 12 34 56 78", "up", "down", "wrong", "fr", "en", "off", "on",
    "Quels sont vos tarifs ?", "Bonjour", "x" * 501, "é" * 4001, "x" * 20_000, "k" * 32, "horaires", "ignored", "example",
    "new_topic", "recalled", "widget", CONVERSATION, TURN, STAMP, REFERENCE, PASSWORD,
)  # fmt: skip
PLAUSIBLE: Mapping[str, Sequence[str]] = {
    "question": (
        "Quels sont vos tarifs ?",
        "Bonjour",
        "Quels sont vos horaires ?",
        "Quelle est la capitale du Pérou ?",
    ),
    "conversation": (CONVERSATION,),
    "request_key": ("k" * 32, "cle-de-la-demande-1"),
    "locale": ("fr", "en"),
    "email": ("camille@exemple.fr",),
    "phone": ("06 12 34 56 78",),
    "website": ("",),
    "stamp": (STAMP,),
    "up": (TURN,),
    "down": (TURN,),
    "reason": ("wrong", "unclear", ""),
    "password": (PASSWORD,),
    "do": ("example", "new_topic", "ignored", "recalled"),
    "turn": (TURN, "on", "off"),
    "topic": ("horaires", "tarifs"),
}
_CHARSETS = ("utf-8", "latin-1", "utf-16", "utf-32", "utf-7", "cp037", "shift_jis", "punycode")
_ASKED_CHARSETS = (
    None,
    "utf-8",
    "UTF-8",
    "latin-1",
    "utf-16",
    "utf-7",
    "rot13",
    "base64",
    "idna",
    "nothing",
    "\xff",
    "",
)
_TYPES = (
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/json",
    "text/plain", "application/xml", "application/octet-stream", "", "/", "a/b; c", "application/json; charset=utf-16",
)  # fmt: skip
_HEADERS: Mapping[str, Sequence[str]] = {
    "HX-Request": ("true", "", "\xe9"),
    "Accept": ("text/html, text/event-stream", "text/event-stream", "*/*;q=x", ",", "application/json", "\xff"),
    "Accept-Language": ("fr", "en;q=0.1", "x" * 300, "*;q=nan", "\xff, ,;;"),
    "Accept-Encoding": ("br", "gzip;q=0", "x;q=y", "identity;q=0, *;q=0"),
    "Sec-Fetch-Site": ("same-origin", "none", "cross-site", "\xff"),
    "Origin": ("http://localhost", "null", "http://[", "https://evil.example", "http://localhost:99999", ""),
    "Host": ("localhost", "evil.example", "[::1]", "[", "a:b:c", "\xff", "", "localhost:99999"),
    "Cookie": ("okichat_admin=x", "okichat_admin=", ";;=", "\xff=\xff"),
    "Authorization": ("Bearer x", "Basic", "\xff"),
    "If-None-Match": ('"x"', "*", '"'),
    "If-Modified-Since": ("x", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "Range": ("bytes=0-", "bytes=-1", "x"),
    "X-Forwarded-For": ("1.2.3.4", "x", ","),
    "X-Forwarded-Proto": ("https", "javascript"),
    "X-Request-ID": ("x" * 500, "\xff"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `owner`: with the cookie of somebody who has signed in."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    owner: bool


# Each plane as often as any other: drawn evenly, four of five characters would come from planes that are empty.
_character = st.one_of(
    st.characters(),
    st.tuples(st.integers(0, 16), st.integers(0, 0xFFFF)).map(lambda place: chr(place[0] << 16 | place[1])),
)
texts = st.one_of(st.sampled_from(TRICKS), st.text(_character, max_size=60), st.text(st.characters(), max_size=600))


def _value_of(name: str) -> st.SearchStrategy[str]:
    """Every other time what the form takes: whatever is behind a check is reached only so."""
    return st.one_of(st.sampled_from(PLAUSIBLE[name]), texts) if name in PLAUSIBLE else texts


@st.composite
def _pairs(draw: st.DrawFn, names: Sequence[str]) -> list[tuple[str, str]]:
    """Most of the fields once, some missing, some twice, some that nobody knows."""
    times = [(name, draw(st.sampled_from((1, 1, 1, 1, 0, 2)))) for name in names]
    pairs = [(name, draw(_value_of(name))) for name, number in times for _ in range(number)]
    if draw(st.integers(0, 9)) == 0:
        pairs.append((draw(st.one_of(texts, st.sampled_from([f"{name}[]" for name in names] or ["x"]))), draw(texts)))
    return pairs


def _encoded(text: str, charset: str) -> bytes:
    try:
        return text.encode(charset, "surrogatepass")
    except UnicodeError:
        return text.encode("utf-8", "surrogatepass")


def _urlencoded(pairs: Sequence[tuple[str, str]], charset: str) -> bytes:
    halves = [[quote_from_bytes(_encoded(half, charset)) for half in pair] for pair in pairs]
    return "&".join("=".join(pair) for pair in halves).encode()


def _multipart(pairs: Sequence[tuple[str, str]], charset: str, *, as_files: bool) -> bytes:
    file = b'; filename="a.txt"\r\nContent-Type: text/plain; charset=nothing' if as_files else b""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (_encoded(name, charset), file, _encoded(value, charset))
        for name, value in pairs
    ]
    return b"".join(parts) + b"--x--\r\n"


_json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def _bodies(draw: st.DrawFn, names: Sequence[str]) -> tuple[str, bytes]:
    """A content type and a body, which mostly belong together."""
    kind = draw(st.sampled_from(("form", "form", "form", "form", "multipart", "files", "json", "bytes")))
    charset = draw(st.sampled_from(("utf-8", "utf-8", "utf-8", *_CHARSETS)))
    if kind == "bytes":
        content_type, body = "application/x-www-form-urlencoded", draw(st.binary(max_size=200))
    elif kind == "json":
        values: object = dict(draw(_pairs(names)))
        values = draw(
            st.one_of(st.just(values), st.dictionaries(st.sampled_from(names or ("x",)), _json_values), _json_values)
        )
        content_type, body = "application/json", json.dumps(values).encode()
    elif kind == "form":
        content_type, body = "application/x-www-form-urlencoded", _urlencoded(draw(_pairs(names)), charset)
    else:
        content_type = "multipart/form-data; boundary=x"
        body = _multipart(draw(_pairs(names)), charset, as_files=kind == "files")
    asked = draw(st.sampled_from((None, None, None, *_ASKED_CHARSETS)))
    content_type = content_type if asked is None else f"{content_type}; charset={asked}"
    odd = draw(st.integers(0, 19))
    if odd == 0:
        content_type = draw(st.sampled_from(_TYPES))
    elif odd == 1:
        body = body[: draw(st.integers(0, max(len(body) - 1, 0)))]
    return content_type, body


_headers = st.dictionaries(st.sampled_from(sorted(_HEADERS)), st.integers(0, 7), max_size=3).map(
    lambda chosen: tuple((name, _HEADERS[name][number % len(_HEADERS[name])]) for name, number in chosen.items())
)
_queries = st.one_of(
    st.just(""),
    st.just(""),
    _pairs(("lang",)).map(lambda pairs: _urlencoded(pairs, "utf-8").decode()),
    st.lists(st.tuples(st.sampled_from(ARGUMENTS), texts), max_size=3).map(
        lambda pairs: _urlencoded([(name, value[:2000]) for name, value in pairs], "utf-8").decode()
    ),
)


@st.composite
def posts(draw: st.DrawFn) -> Sent:
    """A form or JSON for one of the addresses that take some."""
    owner = draw(st.integers(0, 4)) == 0
    forms = OWNER_FORMS if owner else VISITOR_FORMS
    path = draw(st.sampled_from(sorted(forms)))
    content_type, body = draw(_bodies(forms[path]))
    headers = (*draw(_headers), ("Content-Type", content_type))
    return Sent("POST", path, draw(_queries), headers, body, owner)


@st.composite
def _gets(draw: st.DrawFn) -> Sent:
    owner = draw(st.booleans())
    path = draw(st.sampled_from(OWNER_PAGES if owner else PAGES))
    method = draw(st.sampled_from(("GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "X")))
    return Sent(method, path, draw(_queries), draw(_headers), b"", owner)


requests = st.one_of(posts(), posts(), posts(), _gets())
"""Three of four are posts."""
