"""A chat to take pictures of: served in this process, with a model that writes what is wanted, and a site that embeds it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from okichat import create_app
from okichat.settings import Settings
from okichat.web import patterns
from okichat.web.parts import EXTENSION
from tests.browser.demo_site import demo_site
from tests.doubles.openai_server import OpenAIServer
from tests.listening import serving

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "une phrase de passe"
ANSWER = (
    "La tenue comptable comprend **la saisie de vos pièces**, le rapprochement bancaire et les déclarations de TVA.\n\n"
    "- achats, ventes et banque, au fil de l'eau ;\n- un tableau de bord chaque mois ;\n"
    "- vos comptes annuels en fin d'exercice.\n\nLe tarif dépend du nombre de pièces : le premier échange est gratuit."
)
_FIRM = {
    "OKICHAT_CONTACT_PHONE": "01 99 00 12 34",
    "OKICHAT_CONTACT_WHATSAPP": "+33 6 39 98 12 34",
    "OKICHAT_CONTACT_EMAIL": "contact@cabinet.example",
    "OKICHAT_CONTACT_ADDRESS": "12 rue de l'Exemple, 75000 Paris",
    "OKICHAT_CONTACT_BOOKING_URL": "https://cabinet.example/rendez-vous",
}


@dataclass(frozen=True)
class Stage:
    """Where the pictures are taken.

    url       the chat, whose model is `model`; it believes X-Forwarded-For, so that each picture can have its visitor
    spent     a chat without a key that takes two questions an hour
    brand     the worked example of docs/templates.md
    site_url  a page of another site with the widget
    """

    url: str
    spent: str
    brand: str
    site_url: str
    model: OpenAIServer


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything, served until the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(OpenAIServer())
        site = stack.enter_context(demo_site())
        paid = {"OPENAI_API_KEY": "sk-sample", "OPENAI_BASE_URL": model.base_url, "OKICHAT_CACHE_TTL_S": "0"}
        patient = {"OKICHAT_FIRST_TOKEN_S": "100", "OKICHAT_DEADLINE_S": "200", "OKICHAT_RATE_LIMIT": "1000 per minute"}
        mail = {"OKICHAT_SMTP_URL": "smtp://127.0.0.1:9", "OKICHAT_EMBED_ORIGINS": site.url}
        url = stack.enter_context(
            _served(
                folder / "chat",
                {**paid, **patient, **mail, "OKICHAT_ADMIN_PASSWORD": PASSWORD, "OKICHAT_TRUSTED_HOPS": "1"},
            )
        )
        site.chat = url
        spent = stack.enter_context(_served(folder / "spent", {"OKICHAT_RATE_LIMIT": "2 per hour"}))
        brand = stack.enter_context(_served(folder / "brand", {**brand_settings(), **patient}, bare=True))
        yield Stage(url, spent, brand, f"{site.url}/index.html", model)


def brand_settings() -> dict[str, str]:
    """The settings of the worked example."""
    example = ROOT / "docs" / "examples" / "roche"
    return dict(line.split("=", 1) for line in (example / "env").read_text(encoding="utf-8").splitlines() if line) | {
        f"OKICHAT_{name.upper()}": str(example / name) for name in ("templates", "knowledge", "prompts", "translations")
    }


@contextmanager
def _served(folder: Path, settings: dict[str, str], *, bare: bool = False) -> Iterator[str]:
    """An app with these settings; with the firm's details of this file unless `bare`."""
    folder.mkdir()
    app = create_app(
        Settings.from_environment(
            {**({} if bare else _FIRM), **settings, "DATABASE_URL": f"sqlite:///{folder / 'okichat.db'}"}
        )
    )
    app.register_blueprint(patterns.blueprint)
    try:
        with serving(app) as address:
            yield address
    finally:
        app.extensions[EXTENSION].close()
