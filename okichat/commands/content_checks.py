"""What must hold of the content that a site brings, topics and templates: read as a whole, with Flask's help."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, render_template
from jinja2 import TemplateError, TemplateSyntaxError

from okichat.commands.knowledge import doubts_of
from okichat.content import folder
from okichat.health.finding import Finding, Status
from okichat.sentences import Say
from okichat.web import chat, contact, patterns, presenter, widget
from okichat.web.own_templates import template_doubts
from okichat.web.parts import Parts

_DASHBOARD = "admin"
_PAGES = (("/", patterns.page), ("/", chat.page), ("/", chat.privacy), ("/", contact.page), ("/widget", widget.page))
_BREAKS_A_TEMPLATE = (TemplateError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


def content_checks(app: Flask, parts: Parts, say: Say) -> Iterator[Finding]:
    """In the context of `app`."""
    yield _knowledge(parts, say)
    yield from _templates(app, parts, say)
    if own := parts.sentences.own:
        counts = ", ".join(f"{len(catalogue.sentences)} ({language})" for language, catalogue in own.items())
        yield Finding("translations", "ok", say("check.translations.ok", counts=counts))


def _knowledge(parts: Parts, say: Say) -> Finding:
    doubts = doubts_of(parts)
    errors = sum(doubt.is_error for doubt in doubts)
    if doubts:
        text = say("check.knowledge.doubts", errors=errors, warnings=len(doubts) - errors)
        return Finding("knowledge", "error" if errors else "warning", text)
    topics = sum(len(parts.library.topics(language)) for language in parts.library.languages)
    return Finding("knowledge", "ok", say("check.knowledge.ok", count=topics))


def _templates(app: Flask, parts: Parts, say: Say) -> Iterator[Finding]:
    closed = () if _DASHBOARD in app.blueprints else ("dashboard/", "okichat/dashboard/")  # their filters come with it
    names = [name for name in app.jinja_env.list_templates(["html"]) if not name.startswith(closed)]
    for name in names:
        try:
            app.jinja_env.get_template(name)
        except TemplateError as error:
            line = error.lineno if isinstance(error, TemplateSyntaxError) else "?"
            yield _broken(name, line, error, say)
            return
    if own := parts.settings.templates:
        doubts = list(template_doubts(app.jinja_env, own))
        for doubt in doubts:
            status: Status = "error" if doubt.is_error else "warning"
            yield Finding("templates", status, say(f"check.templates.{doubt.kind}", **doubt.values))
        broken = None if any(doubt.is_error for doubt in doubts) else _broken_page(app, own, say)
        if broken:
            yield broken
        if doubts or broken:
            return
    yield Finding("templates", "ok", say("check.templates.ok", count=len(names)))


def _broken_page(app: Flask, own: Path, say: Say) -> Finding | None:
    """What stops a page, with every state of the chat in it, from being shown."""
    try:
        for path, view in _PAGES:
            with app.test_request_context(path):
                view()
        with app.test_request_context():
            render_template("errors/error.html", page=presenter.error_page_view(404, "not_found"))
    except _BREAKS_A_TEMPLATE as error:
        name, line = _place(error, own)
        return _broken(name, line, error, say)
    return None


def _place(error: Exception, own: Path) -> tuple[str, int | str]:
    """The template and its line; where several led there, the innermost of the site's own."""
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    for root in (own, folder("templates")):
        for frame in frames:
            if Path(frame.filename).is_relative_to(root.absolute()):
                return Path(frame.filename).relative_to(root.absolute()).as_posix(), frame.lineno or "?"
    return "?", "?"


def _broken(name: str, line: int | str, error: Exception, say: Say) -> Finding:
    cause = str(error).rstrip(".") or type(error).__name__
    return Finding("templates", "error", say("check.templates.broken", name=name, line=line, cause=cause))
