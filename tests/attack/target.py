"""What the tools attack: the app under gunicorn, in two processes where there is a Redis, its model on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.doubles.openai_server import OpenAIServer
from tests.served import ROOT, Served, clean_environment, configured, gunicorn
from tests.servers import ServerMissing, redis_server

OWNER_PASSWORD = "une phrase de passe"
METRICS_TOKEN = "un jeton pour les mesures"
_SETTINGS = {
    "OKICHAT_ADMIN_PASSWORD": OWNER_PASSWORD,
    "OKICHAT_METRICS_TOKEN": METRICS_TOKEN,
    "OKICHAT_CONTACT_PHONE": "01 99 00 12 34",
    "OKICHAT_BUDGET_USD": "1000",
    "OPENAI_API_KEY": "sk-attacked",
    "SECRET_KEY": "k" * 32,
    "PYTHONPATH": str(ROOT),
}


@contextmanager
def running(folder: Path, *arguments: str, scheme: str = "http") -> Iterator[Served]:
    """The app, with its store in `folder`; every request comes from an address of its own."""
    with ExitStack() as stack:
        settings = {**_SETTINGS, "OPENAI_BASE_URL": stack.enter_context(OpenAIServer()).base_url}
        with suppress(ServerMissing):
            settings |= {"REDIS_URL": stack.enter_context(redis_server()).url, "WEB_CONCURRENCY": "2"}
        yield stack.enter_context(
            gunicorn(
                folder,
                *configured(*arguments),
                environment=clean_environment(**settings),
                app="tests.attack.anybody:app",
                scheme=scheme,
            )
        )
