"""`python -m okichat conversation` and `python -m okichat privacy`: what the law lets visitors ask for, and asks of the firm."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup, with_appcontext

from okichat.errors import NoSuchConversation
from okichat.language import LANGUAGES
from okichat.monitoring.audit import COMMAND
from okichat.privacy.processing import processing_of, record_of_processing
from okichat.web.on_request import by_reference
from okichat.web.parts import current_parts

conversation = AppGroup(
    "conversation",
    help="Hand over or erase what is kept under a REFERENCE.\n\n"
    "It is that of a transcript (3F9A-1C2B), of a message, or a whole one.",
)


@conversation.command()
@click.argument("reference")
def export(reference: str) -> None:
    """Print as JSON all that is kept under REFERENCE. The audit notes it."""
    with _unknown_said():
        kept = by_reference(current_parts()).export(reference, COMMAND)
    click.echo(json.dumps(kept, ensure_ascii=False, indent=2))


@conversation.command()
@click.argument("reference")
@click.confirmation_option(prompt="Erase all texts under this reference for good?")
def erase(reference: str) -> None:
    """Erase all texts that are kept under REFERENCE; figures stay. The audit notes it."""
    with _unknown_said():
        by_reference(current_parts()).erase(reference, COMMAND)
    click.echo("Erased.")


@click.command("privacy")
@click.option("--lang", default="fr", type=click.Choice(LANGUAGES), help="Language of the sheet.")
@with_appcontext
def privacy_command(lang: str) -> None:
    """Print the sheet for the record of processing, as Markdown.

    It follows from the settings in force (GDPR, article 30)."""
    parts = current_parts()
    processing = processing_of(parts.settings, os.environ)
    click.echo(record_of_processing(processing, parts.sentences(lang), f"{parts.summary.today:%d/%m/%Y}"))


@contextmanager
def _unknown_said() -> Iterator[None]:
    try:
        yield
    except NoSuchConversation:
        raise click.ClickException(
            "nothing is kept under this reference, or more than one thing begins like it"
        ) from None
