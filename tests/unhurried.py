"""The app for gunicorn on a busy machine, `gunicorn tests.unhurried:app`: a healthy Redis or database may take its time."""

from __future__ import annotations

from okichat.cache import redis_shelf
from okichat.factory import configure_logging, create_app
from okichat.storage import engine
from okichat.web import limits
from tests.waiting import PATIENCE_S

redis_shelf._TIMEOUT_S = limits._REDIS_TIMEOUT_S = engine._LOCK_TIMEOUT_S = PATIENCE_S

configure_logging()
app = create_app()
