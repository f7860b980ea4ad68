"""Under which names the site answers, where the operator has listed them."""

from __future__ import annotations

from flask import Flask, request

from okichat.errors import Refusal
from okichat.settings import Settings

_ALWAYS = ("health.alive", "health.ready")  # hosts ask for these by address, and nothing in them depends on a name


class UnknownHost(Refusal):
    """A request under a name that is not this site's."""

    code = "host"


def refuse_unknown_hosts(app: Flask, settings: Settings) -> None:
    """Install the check in front of every view; without a list any name will do."""
    if not settings.allowed_hosts:
        return

    @app.before_request
    def check() -> None:
        if request.endpoint not in _ALWAYS and not is_listed(request.host, settings.allowed_hosts):
            raise UnknownHost


def is_listed(host: str, listed: tuple[str, ...]) -> bool:
    """Whether a host, perhaps with a port, is one of the names, or under one that begins with `*.`."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    name = name.lower().removesuffix(".")
    return bool(name) and any(
        name.endswith(entry[1:]) and len(name) > len(entry) - 1 if entry.startswith("*.") else name == entry
        for entry in listed
    )
