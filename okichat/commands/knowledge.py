"""`flask okichat knowledge …`: looks after the topics."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from okichat.content import folder
from okichat.errors import StoreUnavailable
from okichat.knowledge.editing import Editing
from okichat.knowledge.lint import Details, Doubt, lint
from okichat.knowledge.suggestions import Suggestion, suggestions
from okichat.language import LANGUAGES
from okichat.web.parts import Parts, current_parts

knowledge = AppGroup("knowledge", help="Look after the topics that visitors are answered from.")


@knowledge.command("lint")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
def lint_command(strict: bool) -> None:
    """What is doubtful in the topics, with file, line and mend. Fails where visitors would be misled."""
    doubts = doubts_of(current_parts())
    for doubt in doubts:
        click.echo(str(doubt))
    errors = sum(doubt.is_error for doubt in doubts)
    click.echo(f"{errors} errors, {len(doubts) - errors} warnings.")
    if errors or (strict and doubts):
        click.get_current_context().exit(1)


def doubts_of(parts: Parts) -> list[Doubt]:
    """What the linter says of the topics in force."""
    return lint(parts.settings.knowledge or folder("knowledge"), _details(parts), parts.summary.today, _is_served)


def _details(parts: Parts) -> Details:
    return {language: parts.contact.placeholders(language, parts.settings.retention_days) for language in LANGUAGES}


def _is_served(path: str) -> bool:
    """Whether this site has a page there."""
    if not path.startswith("/"):
        return False
    adapter = current_app.url_map.bind("localhost")
    try:
        adapter.match(path.partition("#")[0].partition("?")[0], method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


@knowledge.command("suggest")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="How far back to look.")
@click.option("--most", default=20, show_default=True, type=click.IntRange(1), help="How many groups to show.")
@click.option(
    "--write",
    "into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Knowledge folder to write the groups into: as examples, or as drafts (_….md) of new topics.",
)
@click.option("--pick", "picked", multiple=True, type=click.IntRange(1), help="Write only the group of this number.")
def suggest_command(days: int, most: int, into: Path | None, picked: tuple[int, ...]) -> None:
    """What visitors asked that the topics do not answer well, the most worthwhile first."""
    parts = current_parts()
    try:
        found = suggestions(parts.store, parts.search, parts.clock.now() - timedelta(days=days))[:most]
    except StoreUnavailable as error:
        raise click.ClickException(f"the database cannot be read: {error}") from error
    if not found:
        click.echo("Nothing to add: every question was answered from the topics.")
    editing = Editing(into, _details(parts), parts.search.today, forgets=False) if into else None
    for number, suggestion in enumerate(found, 1):
        click.echo(f"{number:>3}. {_described(suggestion)}")
        if editing and (not picked or number in picked):
            written = editing.write(suggestion)
            if written is None:
                raise click.ClickException(f"{into} cannot be written")
            click.echo(f"     written: {written}")


def _described(suggestion: Suggestion) -> str:
    reasons = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in suggestion.reasons)
    place = f"an example of {suggestion.language}/{suggestion.topic}.md" if suggestion.topic else "a new topic"
    others = "".join(f"\n     also: {text}" for text in suggestion.others[:3])
    return f"{suggestion.question}  ({suggestion.count} times: {reasons}; perhaps {place}){others}"
