"""The bare Flask application: limits of size, where templates are found, which proxies are believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from okichat.content import folder
from okichat.settings import Settings
from okichat.web.compiled import KeptTemplates
from okichat.web.front import Front
from okichat.web.plain_request import PlainRequest
from okichat.web.refusals import note_refusal

_MAX_BODY_BYTES = 16 * 1024


class _Flask(Flask):
    """Views and hooks are plain functions: nothing has to look, at every call of each, whether it is a coroutine."""

    request_class = PlainRequest

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """A name that no host can have is as good as none; without this, no page could say so either."""
        try:
            return super().create_url_adapter(request)
        except BadHost:
            if request is None:
                raise
            request.environ["HTTP_HOST"] = ""
            return super().create_url_adapter(request)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def handle_user_exception(self, e: Exception) -> HTTPException | ResponseReturnValue:
        """Every refusal comes by here, whoever explains it then."""
        note_refusal(e)
        return super().handle_user_exception(e)


def create_flask(settings: Settings) -> Flask:
    """An application without a view."""
    app = _Flask("okichat", static_folder=None, template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=_MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=_MAX_BODY_BYTES,
        MAX_FORM_PARTS=50,
        COMPRESS_MIN_SIZE=200,
        COMPRESS_MIMETYPES=["text/html", "text/javascript", "application/json", "text/plain"],
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    shipped = FileSystemLoader(folder("templates"))
    own = [FileSystemLoader(settings.templates)] if settings.templates else []
    # A site's own chat/page.html comes first, and may extend "okichat/chat/page.html", which is always ours.
    app.jinja_loader = ChoiceLoader([*own, shipped, PrefixLoader({"okichat": shipped})])
    app.jinja_env.bytecode_cache = KeptTemplates(folder("templates"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app


def serve_at_the_front(app: Flask, settings: Settings) -> None:
    """What stands before the finished application: prepared replies, and before them the proxies that are believed."""
    if not app.debug:  # there templates change while it runs
        app.wsgi_app = Front(app)  # type: ignore[method-assign]
    if hops := settings.trusted_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
