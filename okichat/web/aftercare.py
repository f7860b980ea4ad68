"""When the work beside the questions is done: in a thread of each process, or after a reply where no thread lives on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from babel import Locale
from flask import Flask, Response

from okichat.hosts import stops_threads
from okichat.language import LANGUAGES
from okichat.web.admin.room import prepare_screens
from okichat.web.locale import time_of_day
from okichat.web.markdown import render
from okichat.web.parts import Parts


def look_after(app: Flask, parts: Parts, environ: Mapping[str, str]) -> None:
    """Let the requests of `app` see to it that the upkeep goes on."""
    upkeep = parts.upkeep
    upkeep.also_opening(partial(_rehearse, app))
    upkeep.also(parts.digest.look)
    if parts.settings.admin_password:
        upkeep.also_at_start(partial(prepare_screens, app))
    if parts.settings.redis_url or not parts.store.is_sqlite:  # else there is one process and no other
        upkeep.also(parts.instances.look)
    if not stops_threads(environ):
        app.before_request(upkeep.start)  # at the latest; gunicorn.conf.py starts it before the first visitor comes
        return
    upkeep.also(parts.delivery.deliver_due, when_hurried=True)
    parts.delivery.in_place_of_thread = upkeep.hurry

    def catch_up() -> None:
        parts.store.write_now()
        upkeep.catch_up()

    @app.after_request
    def add_upkeep(response: Response) -> Response:
        response.call_on_close(catch_up)  # the visitor has the whole reply by then
        return response


def _rehearse(app: Flask) -> None:
    """Read what the first answer is written with: its templates, the grammar of Markdown, how each language tells the time."""
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith("chat/")):
        app.jinja_env.get_template(name)
    render("- **1**", frozenset())
    for language in LANGUAGES:
        time_of_day(datetime.min, Locale(language))
