"""The app for somebody with an address for each request, whom no limit stops: `gunicorn tests.attack.anybody:app`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING

from okichat.factory import configure_logging, create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    type_of_app = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class Anybody:
    """A WSGI app behind which each request seems to come from somebody else."""

    def __init__(self, app: type_of_app) -> None:
        self._app = app
        self._numbers = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the app does."""
        number = next(self._numbers)
        environ["REMOTE_ADDR"] = f"2001:db8:{os.getpid() & 0xFFFF:x}:{number & 0xFFFF:x}::1"
        return self._app(environ, start_response)


configure_logging()
app = create_app()
app.wsgi_app = Anybody(app.wsgi_app)  # type: ignore[method-assign]
