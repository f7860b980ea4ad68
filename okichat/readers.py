"""How the text of one setting becomes its value. Each reader raises ValueError with the sentence that mends the mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

A_SECRET = "what `python3 -c 'import secrets; print(secrets.token_hex(32))'` prints"
_TRUE = {"1", "true", "yes", "on", "oui"}
_FALSE = {"0", "false", "no", "off", "non"}


def text(raw: str) -> str:
    """Any text."""
    return raw


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two bounds, both included."""

    def read(raw: str) -> int:
        if not re.fullmatch(r"-?\d+", raw, re.ASCII) or not least <= int(raw) <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return int(raw)

    return read


def number(least: float, most: float = 1_000_000) -> Callable[[str], float]:
    """A number between two bounds, both included; a decimal comma is accepted."""

    def read(raw: str) -> float:
        mend = f"write a number from {least:g} to {most:g}, such as 12 or 0.5"
        try:
            value = float(raw.replace(",", "."))
        except ValueError:
            raise ValueError(mend) from None
        if not least <= value <= most:  # also false for nan
            raise ValueError(mend)
        return value

    return read


def yes_or_no(raw: str) -> bool:
    """1, true, yes, on, oui, or their opposites."""
    if raw.lower() in _TRUE | _FALSE:
        return raw.lower() in _TRUE
    raise ValueError("write yes or no")


def one_of(*choices: str) -> Callable[[str], str]:
    """One word out of a few."""

    def read(raw: str) -> str:
        if raw.lower() not in choices:
            raise ValueError(f"write one of: {', '.join(choices)}")
        return raw.lower()

    return read


def parts(separator: str) -> Callable[[str], tuple[str, ...]]:
    """Several texts between separators; empty ones are dropped."""

    def read(raw: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(separator) if part.strip())

    return read


def at_least_chars(length: int) -> Callable[[str], str]:
    """A text of a least length."""

    def read(raw: str) -> str:
        if len(raw) < length:
            raise ValueError(f"write at least {length} characters, such as {A_SECRET}")
        return raw

    return read


def key(raw: str) -> str:
    """What can travel in a header as the key of a host, as far as its form tells."""
    if not re.fullmatch(r"[!-~]{1,1000}", raw) or raw[0] in "\"'<" or raw.startswith("sk-..."):
        raise ValueError("write the key alone, as its host shows it: no quotes, no blanks, no Bearer in front")
    return raw


def url(raw: str) -> str:
    """An http or https address."""
    pieces = urlsplit(raw)
    if pieces.scheme not in ("http", "https") or not pieces.netloc:
        raise ValueError("write a whole address that begins with https:// or http://")
    return raw


def origins(raw: str) -> tuple[str, ...]:
    """Sites as browsers name them: scheme, host and perhaps port, nothing behind."""
    found = tuple(re.split(r"[\s,]+", raw.strip(" ,")))
    for origin in found:
        pieces = urlsplit(origin)
        is_site = pieces.scheme in ("http", "https") and pieces.netloc and pieces.path in ("", "/") and not pieces.query
        if not is_site or "*" in origin:
            raise ValueError(
                f"write addresses of sites without a path, such as https://www.example.fr; {origin!r} is none"
            )
    return tuple(origin.rstrip("/") for origin in found)


def host_names(raw: str) -> tuple[str, ...]:
    """Names of this site, without scheme and port; `*.` in front stands for every name under it."""
    found = tuple(re.split(r"[\s,]+", raw.strip(" ,").lower()))
    for name in found:
        if not re.fullmatch(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", name):
            raise ValueError(
                f"write names such as chat.example.fr or *.example.fr, without https:// or a port; {name!r} is none"
            )
    return found


def report_uri(raw: str) -> str:
    """An address that may stand in a header."""
    if re.search(r"[;,\s]", url(raw)) or not raw.isascii():
        raise ValueError("write a whole address without blanks, commas and semicolons")
    return raw


def webhook(raw: str) -> str:
    """An https address that takes posts; plain http only on this machine."""
    pieces = urlsplit(raw)
    trusted = pieces.scheme == "https" or (pieces.scheme == "http" and is_loopback(pieces.hostname or ""))
    if not trusted or not _names_a_host(pieces):
        raise ValueError("write a whole address that begins with https://")
    return raw


def smtp_url(raw: str) -> str:
    """A mail host, perhaps with a user and password (percent-encoded where they hold @ : / or %)."""
    pieces = urlsplit(raw)
    if pieces.scheme not in ("smtp", "smtps") or not _names_a_host(pieces) or pieces.path not in ("", "/"):
        raise ValueError(
            "write smtp://user:password@host:587 or smtps://…:465; in the password, @ : / % as %40 %3A %2F %25"
        )
    return raw


def _names_a_host(pieces: SplitResult) -> bool:
    try:
        return bool(pieces.hostname) and pieces.port != 0
    except ValueError:  # the port is no number
        return False


def is_loopback(host: str) -> bool:
    """Whether a host's name means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def redis_url(raw: str) -> str:
    """A Redis server."""
    if urlsplit(raw).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("write an address that begins with redis:// or rediss://")
    return raw


def without_certificate_check(redis_url: str) -> str:
    """The same Redis, whoever has signed its certificate."""
    pieces = urlsplit(redis_url)
    if pieces.scheme != "rediss":
        return redis_url
    query = f"{pieces.query}&ssl_cert_reqs=none" if pieces.query else "ssl_cert_reqs=none"
    return urlunsplit(pieces._replace(query=query))


def database_url(raw: str) -> str:
    """A SQLite or Postgres database, with the driver that Okichat brings."""
    scheme, _, rest = raw.partition("://")
    if not rest or scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("write sqlite:///path/to/file.db or postgresql://user:password@host/database")
    return raw if scheme == "sqlite" else f"postgresql+psycopg://{rest}"


def email(raw: str) -> str:
    """An e-mail address, as far as its form tells."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", raw):
        raise ValueError("write an e-mail address, such as contact@example.fr")
    return raw


def folder(raw: str) -> Path:
    """A folder that exists."""
    path = Path(raw).expanduser().resolve()
    if not path.is_dir():
        raise ValueError("write the path of a folder that exists")
    return path


def timezone(raw: str) -> str:
    """A name of the time zone database."""
    try:
        ZoneInfo(raw)
    except (KeyError, ValueError, OSError):
        raise ValueError("write a name such as Europe/Paris") from None
    return raw


def rate(raw: str) -> str:
    """A limit as Flask-Limiter writes it."""
    if not re.fullmatch(r"[1-9]\d* (per|/) ?([1-9]\d* )?(second|minute|hour|day)s?", raw):
        raise ValueError("write a number and a period, such as '10 per 15 minutes'")
    return raw


def rate_or_off(raw: str) -> str:
    """The same, or empty for `off`."""
    return "" if raw.lower() in ("off", "no", "0") else rate(raw)
