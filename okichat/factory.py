"""Takes every part from the assembly and hands them to the web. Reads like a table of contents."""

from __future__ import annotations

import logging

from flask import Flask
from flask_compress import Compress

from okichat.assembly import assemble
from okichat.cli import commands
from okichat.clock import Clock, SystemClock
from okichat.content import folder
from okichat.settings import Settings, load_settings
from okichat.web import api, chat, contact, conversation, feedback, health, metrics, patterns, widget
from okichat.web.admin import screens
from okichat.web.application import create_flask
from okichat.web.assets import serve_assets
from okichat.web.errors import explain_errors
from okichat.web.headers import add_security_headers
from okichat.web.limits import create_limiter
from okichat.web.locale import speak_languages
from okichat.web.origin import refuse_cross_site_posts
from okichat.web.parts import EXTENSION


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole app. Raises SettingsError or KnowledgeError, each with every mistake and its mend."""
    settings = settings or load_settings()
    app = create_flask(settings)
    parts = assemble(settings, clock or SystemClock(), create_limiter(app, settings))
    app.extensions[EXTENSION] = parts
    speak_languages(app, settings)
    add_security_headers(app, settings)
    refuse_cross_site_posts(app)
    explain_errors(app)
    Compress(app)
    serve_assets(app, folder("static"))
    for room in (chat, feedback, conversation, widget, api, contact, health):
        app.register_blueprint(room.blueprint)
    for room, key in ((screens, settings.admin_password), (metrics, settings.metrics_token)):
        if key:  # without it there is no such page
            app.register_blueprint(room.blueprint)
    if app.debug:
        app.register_blueprint(patterns.blueprint)
    app.cli.add_command(commands)
    app.before_request(parts.upkeep.start)  # at the latest; gunicorn.conf.py starts it before the first visitor comes
    parts.store.close()  # a connection opened here must not be shared by the processes that gunicorn forks
    return app


def configure_logging() -> None:
    """Events go to standard error as they are: one JSON object a line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
