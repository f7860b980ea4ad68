"""Takes every part from the assembly and hands them to the web. Reads like a table of contents."""

from __future__ import annotations

import logging
import os
import sys

from flask import Flask
from flask_compress import Compress

from okichat.assembly import assemble
from okichat.cli import commands, mistakes_under_flask
from okichat.clock import Clock, SystemClock
from okichat.content import folder
from okichat.errors import SettingsError
from okichat.hosts import missing_servers
from okichat.monitoring.sentry import open_sentry
from okichat.settings import Settings, load_settings
from okichat.web import api, chat, contact, conversation, feedback, health, metrics, widget
from okichat.web.aftercare import look_after
from okichat.web.application import create_flask, serve_at_the_front
from okichat.web.assets import serve_assets
from okichat.web.defects import tell_defects
from okichat.web.errors import explain_errors
from okichat.web.headers import add_security_headers
from okichat.web.host_header import refuse_unknown_hosts
from okichat.web.limits import create_limiter
from okichat.web.locale import speak_languages
from okichat.web.origin import refuse_cross_site_posts
from okichat.web.parts import EXTENSION


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole app. Raises SettingsError or KnowledgeError, each with every mistake and its mend."""
    with mistakes_under_flask():
        return _create(settings or load_settings(), clock or SystemClock())


def _create(settings: Settings, clock: Clock) -> Flask:
    if missing := missing_servers(settings, os.environ):
        raise SettingsError(missing)
    app = create_flask(settings)
    parts = assemble(settings, clock, create_limiter(app, settings))
    app.extensions[EXTENSION] = parts
    open_sentry(settings, parts.journal)
    tell_defects(app, parts.journal)
    speak_languages(app, settings, parts.sentences)
    add_security_headers(app, settings)
    refuse_unknown_hosts(app, settings)
    refuse_cross_site_posts(app, settings)
    explain_errors(app)
    Compress(app)
    serve_assets(app, folder("static"), settings.templates)
    for room in (chat, feedback, conversation, widget, api, contact, health):
        app.register_blueprint(room.blueprint)
    _add_closed_rooms(app, settings)
    app.cli.add_command(commands)
    look_after(app, parts, os.environ)
    serve_at_the_front(app, settings)
    parts.store.close()  # a connection opened here must not be shared by the processes that gunicorn forks
    return app


def _add_closed_rooms(app: Flask, settings: Settings) -> None:
    """What few sites open, and the others need not import."""
    if settings.metrics_token:
        app.register_blueprint(metrics.blueprint)
    if settings.admin_password:
        from okichat.web.admin import screens

        app.register_blueprint(screens.blueprint)
    if app.debug:
        from okichat.web import patterns

        app.register_blueprint(patterns.blueprint)


def configure_logging(*, of_command: bool = False) -> None:
    """Events, one JSON object a line, go to standard output; those of a command go beside it, to standard error."""
    is_command = of_command or os.environ.get("FLASK_RUN_FROM_CLI") == "true"
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr if is_command else sys.stdout)
