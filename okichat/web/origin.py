"""Posts from other sites are refused: by what the browser says of itself, without a token in any page.

See https://web.dev/articles/fetch-metadata for the method."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request

from okichat.errors import Refusal

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CrossSite(Refusal):
    """A post that another site made the visitor's browser send."""

    status = 403
    code = "cross_site"


def refuse_cross_site_posts(app: Flask) -> None:
    """Install the check in front of every view."""
    app.before_request(_check)


def _check() -> None:
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSite
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise CrossSite
