"""Who else sees what visitors write, told from the settings: a firm by its name, and nobody for what runs here."""

from __future__ import annotations

import pytest

from okichat.privacy.processing import processing_of
from okichat.settings import Settings


@pytest.mark.parametrize(
    ("base_url", "name", "in_usa"),
    [
        (None, "OpenAI (api.openai.com)", True),
        ("https://eu.api.openai.com/v1", "OpenAI (eu.api.openai.com)", True),
        ("https://oki.openai.azure.com/openai/v1/", "Microsoft Azure (oki.openai.azure.com)", False),
        ("https://notapi.openai.com.example/v1", "notapi.openai.com.example", False),
        ("http://127.0.0.1:11434/v1", None, False),
    ],
)
def test_the_model_is_named_by_the_firm_that_runs_it(base_url: str | None, name: str | None, in_usa: bool) -> None:
    processing = processing_of(Settings(openai_api_key="sk-key", openai_base_url=base_url), {})

    assert (processing.model_recipient and processing.model_recipient.name) == name
    assert processing.model_in_usa is in_usa


def test_without_a_key_no_model_sees_anything() -> None:
    processing = processing_of(Settings(), {})

    assert (processing.asks_gpt, processing.model_recipient, processing.recipients) == (False, None, ())


def test_servers_are_named_without_the_words_that_open_them() -> None:
    settings = Settings(
        database_url="postgresql+psycopg://user:secret@db.example.fr/okichat",
        redis_url="rediss://:secret@cache.example.fr:6380",
        smtp_url="smtp://user:secret@mail.example.fr",
        contact_email="cabinet@example.fr",
    )

    recipients = processing_of(settings, {"DYNO": "web.1"}).recipients

    assert [(each.role, each.name) for each in recipients] == [
        ("host", "Heroku"),
        ("database", "db.example.fr"),
        ("redis", "cache.example.fr"),
        ("mail", "mail.example.fr"),
    ]
