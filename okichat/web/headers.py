"""What every reply says about itself: which scripts may run, who may frame it, what may be kept."""

from __future__ import annotations

from flask import Flask, Response, request

from okichat.settings import Settings
from okichat.web.frame import is_framed

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE = "admin"  # nobody frames the owner's pages, whoever may frame the chat
_HSTS = "max-age=31536000; includeSubDomains"


def add_security_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every reply. Only the sites in `settings.embed_origins` may frame a page; the widget, this site too."""
    policy = _POLICY | ({"report-uri": settings.csp_report_uri} if settings.csp_report_uri else {})
    page = _framing(policy, settings.embed_origins or ("'none'",), None if settings.embed_origins else "DENY")
    widget = _framing(policy, ("'self'", *settings.embed_origins), None if settings.embed_origins else "SAMEORIGIN")
    private = _framing(policy, ("'none'",), "DENY")
    widget["Cross-Origin-Resource-Policy"] = "cross-origin"  # its loader is a script on other sites

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(_FIXED)
        response.headers.update(private if request.blueprint == _PRIVATE else widget if is_framed() else page)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = _HSTS
        # Pages carry a form's key and a conversation: nothing of that belongs in a cache that others share.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _framing(rest: dict[str, str], ancestors: tuple[str, ...], in_old_words: str | None) -> dict[str, str]:
    """The policy of a page that `ancestors` may frame; browsers without it read X-Frame-Options, which cannot name sites."""
    policy = {**rest, "frame-ancestors": " ".join(ancestors)}
    headers = {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}
    return headers | ({"X-Frame-Options": in_old_words} if in_old_words else {})
