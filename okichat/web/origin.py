"""Posts from other sites are refused: by what the browser says of itself, without a token in any page.

See https://web.dev/articles/fetch-metadata for the method."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from okichat.errors import Refusal
from okichat.settings import Settings
from okichat.web.host_header import is_listed

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CrossSite(Refusal):
    """A post that another site made the visitor's browser send."""

    status = 403
    code = "cross_site"


def refuse_cross_site_posts(app: Flask, settings: Settings) -> None:
    """Install the check in front of every view."""

    @app.before_request
    def check() -> None:
        if request.method not in _SAFE_METHODS and not _is_own(settings):
            raise CrossSite


def _is_own(settings: Settings) -> bool:
    """Whether a page of this site sends it, or a program; sites that embed the chat send nothing, its frame does."""
    if (site := request.headers.get("Sec-Fetch-Site")) is not None:
        return site in ("same-origin", "none")
    if (origin := request.headers.get("Origin")) is None:
        return True  # no browser: nobody has been made to send this
    try:
        scheme, host = urlsplit(origin)[:2]
    except ValueError:
        return False
    if request.is_secure and scheme != "https":
        return False  # a page that somebody on the way can have changed
    # Behind a proxy that does not hand on the name, the names of the settings tell.
    return bool(host) and (host == request.host or is_listed(host, settings.allowed_hosts))
