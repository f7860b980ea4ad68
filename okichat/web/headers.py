"""What every reply says about itself: which scripts may run, who may frame it, what may be kept."""

from __future__ import annotations

from flask import Flask, Response, request

from okichat.settings import Settings

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
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
_HSTS = "max-age=31536000; includeSubDomains"


def add_security_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every reply. Only the sites in `settings.embed_origins` may frame a page."""
    ancestors = " ".join(settings.embed_origins) or "'none'"
    policy = "; ".join(f"{name} {value}" for name, value in {**_POLICY, "frame-ancestors": ancestors}.items())

    @app.after_request
    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers.update(_FIXED)
        if not settings.embed_origins:
            response.headers["X-Frame-Options"] = "DENY"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = _HSTS
        # Pages carry a form's key and a conversation: nothing of that belongs in a cache that others share.
        response.headers.setdefault("Cache-Control", "no-store")
        return response
