"""Okichat answers the visitors of a small firm's web site, always."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Blueprint, Flask

    from okichat.clock import Clock
    from okichat.settings import Settings

__version__ = "1.0.0"


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole app as a Flask application; the settings come from the environment unless given."""
    from okichat import factory  # here, so that the rooms without web can be used where Flask is not

    return factory.create_app(settings, clock)


def create_blueprint(settings: Settings | None = None, clock: Clock | None = None) -> Blueprint:
    """The whole app for a prefix of another one: `site.register_blueprint(create_blueprint(), url_prefix="/assistance")`."""
    from okichat.web.doorway import as_blueprint

    return as_blueprint(create_app(settings, clock))
