"""`python -m okichat knowledge …`: looks after the topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from okichat.language import detect_language
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.web.parts import Parts, current_parts
from okichat.web.presenter import SUGGESTIONS

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
    topics = parts.settings.knowledge or folder("knowledge")
    return [*lint(topics, _details(parts), parts.summary.today, _is_served), *_unanswered_suggestions(parts)]


def _unanswered_suggestions(parts: Parts) -> Iterator[Doubt]:
    """Buttons of the first page that lead to no topic: those of another firm, where the site has not set its own."""
    for text in parts.settings.suggestions or _usual_suggestions(parts.library.languages, parts.sentences):
        question = Question(text, detect_language(text, parts.settings.locale))
        if not parts.search.find(question).answers:
            wrong = f"no topic answers the suggested question {text!r}"
            yield Doubt(
                "OKICHAT_SUGGESTIONS", wrong, "suggest questions that visitors get an answer to", is_error=False
            )


def _usual_suggestions(languages: Sequence[str], sentences: Sentences) -> list[str]:
    return [
        sentences(language)(f"suggestion.{number}") for language in languages for number in range(1, SUGGESTIONS + 1)
    ]


def _details(parts: Parts) -> Details:
    return parts.contact.placeholders(parts.settings.retention_days, parts.sentences)


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
    """What visitors asked that the topics do not answer well.

    The most worthwhile comes first."""
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
