"""The frame of the dashboard: who may enter, what every screen has, what it shows while the store is away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from okichat.errors import StoreUnavailable
from okichat.web import presenter
from okichat.web.admin import wording
from okichat.web.htmx import is_htmx
from okichat.web.locale import page_locale
from okichat.web.parts import current_parts

SCREENS = ("today", "questions", "messages", "knowledge", "security", "health")
_OPEN = ("admin.sign_in", "admin.enter")

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
wording.teach(blueprint)


@dataclass(frozen=True, slots=True)
class ScreenView:
    """What the frame of every screen needs (templates/dashboard/base.html).

    section    which of SCREENS this is, or "sign_in"
    screens    the addresses of SCREENS; empty while nobody is signed in
    other_url  this screen in the other language
    """

    firm: str
    locale: str
    section: str
    screens: dict[str, str]
    home_url: str
    other_url: str


def prepare_screens(app: Flask) -> None:
    """Compile their templates, which takes longer than all the rest of a first screen."""
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith("dashboard/")):
        app.jinja_env.get_template(name)


@blueprint.before_request
def let_in() -> ResponseReturnValue | None:
    """Only who has signed in goes on; a part of a page that refreshes itself says so and stops."""
    if request.endpoint in _OPEN or current_parts().sessions.holds(request):
        return None
    if is_htmx(request):
        return render_template("dashboard/_signed_out.html", sign_in_url=address("admin.sign_in"))
    return redirect(address("admin.sign_in"), 303)


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Nothing of this in a cache or a search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.errorhandler(StoreUnavailable)
def store_away(error: StoreUnavailable) -> ResponseReturnValue:
    """The figures are away with the store; the screen about the host's health works without.

    Answered with 200, because hosts and proxies put pages of their own in place of errors of the server."""
    current_parts().journal.event("store_unavailable", room="admin", cause=str(error))
    if is_htmx(request):
        return render_template("dashboard/_store_away.html", refresh_url=request.full_path)
    return screen("dashboard/store_away.html", "")


def address(endpoint: str, **values: Any) -> str:
    """An address in the language that the owner has chosen."""
    chosen = {"lang": page_locale()} if "lang" in request.args else {}
    return url_for(endpoint, **{**chosen, **values})


def screen(template: str, section: str, **names: Any) -> str:
    """A whole page."""
    other = "en" if page_locale() == "fr" else "fr"
    view = ScreenView(
        firm=current_parts().settings.name,
        locale=page_locale(),
        section=section,
        screens={} if section == "sign_in" else {name: address(f"admin.{name}") for name in SCREENS},
        home_url=presenter.home_url(),
        # Not through url_for: it takes some names, like `_scheme`, for orders, and these come from outside.
        other_url=f"?{urlencode({**request.args.to_dict(), 'lang': other})}",
    )
    return render_template(template, page=view, address=address, **names)
