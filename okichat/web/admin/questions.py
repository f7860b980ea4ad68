"""What visitors asked: searched, filtered, read in its conversation, exported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from okichat.answer import NOTICES
from okichat.conversations.listing import ListedQuestion, Wanted
from okichat.language import LANGUAGES
from okichat.monitoring.audit import DASHBOARD, Audit
from okichat.privacy.by_reference import EXPORT
from okichat.web import presenter
from okichat.web.admin import wording
from okichat.web.admin.room import address, blueprint, screen
from okichat.web.admin.spreadsheet import Cell, download
from okichat.web.admin.today import SHOWN_RUNGS
from okichat.web.on_request import by_reference
from okichat.web.parts import Parts, current_parts

_A_PAGE = 50
_PATIENCE_S = 0.08  # for looking through many; the list then says how far it got
_MOST_CHARS = 200  # of a search
_HEADINGS = (
    "time", "conversation", "language", "question", "answer", "rung", "topics", "reasons", "notice",
    "confidence", "seconds", "model", "tokens", "cost", "feedback", "remark",
)  # fmt: skip


@blueprint.get("/questions")
def questions() -> ResponseReturnValue:
    """The newest first, a page at a time; for a reference that a visitor quotes, its conversation."""
    parts = current_parts()
    wanted = _wanted(parts)
    if conversation := by_reference(parts).conversation_quoted(wanted.words):
        return redirect(address("admin.conversation", conversation=conversation))
    found = parts.questions.find(wanted, _A_PAGE, _PATIENCE_S)
    return screen(
        "dashboard/questions.html",
        "questions",
        found=found.asked,
        looked_to=found.looked_to,
        filters=_filters(),
        rungs=SHOWN_RUNGS,
        notices=NOTICES,
        topics=_topics(parts),
        next_url=_next_url(found.before),
        days=parts.settings.retention_days,
    )


@blueprint.get("/questions.csv")
def export_questions() -> ResponseReturnValue:
    """All of them that the filters let through."""
    parts = current_parts()
    headings = [gettext(f"admin.column.{name}") for name in _HEADINGS]
    topics = _topics(parts)
    rows = (_row(asked, topics) for asked in parts.questions.all(replace(_wanted(parts), before=None)))
    Audit(parts.store, parts.clock).note(EXPORT, "questions", DASHBOARD)
    return download(f"okichat-questions-{parts.summary.today}", headings, rows)


@blueprint.get("/conversations/<conversation>")
def conversation(conversation: str) -> str:
    """One conversation as the visitor had it, and why it went so."""
    parts = current_parts()
    asked = parts.questions.conversation(conversation)
    if not asked:
        abort(404)
    answers = {each.id: presenter.html_of(each.answer) if each.answer else Markup("") for each in asked}
    return screen("dashboard/conversation.html", "questions", asked=asked, answers=answers, topics=_topics(parts))


def _wanted(parts: Parts) -> Wanted:
    filters = _filters()
    day = _day(filters["day"])
    begin, end = parts.summary.bounds(day) if day else (None, None)
    words, rung, topic = filters["q"], filters["rung"], filters["topic"]
    if words and begin is None:  # of what is older no words are left
        begin = parts.clock.now() - timedelta(days=parts.settings.retention_days + 1)
    return Wanted(words, rung, topic, filters["notice"], filters["feedback"], begin, end, before=_before())


def _filters() -> dict[str, str]:
    """What the form of the screen says; the day only where it is one."""
    names = ("q", "rung", "topic", "notice", "feedback", "day")
    filters = {name: request.args.get(name, "").replace("\0", "").strip()[:_MOST_CHARS] for name in names}
    return {**filters, "day": filters["day"] if _day(filters["day"]) else ""}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 3000 else None  # the ends of the calendar have no day before or after


def _before() -> tuple[datetime, str] | None:
    moment, _, id = request.args.get("before", "").partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, id) if at.tzinfo else None


def _next_url(before: tuple[datetime, str] | None) -> str | None:
    if before is None:
        return None
    filters = {name: value for name, value in _filters().items() if value}
    return address("admin.questions", **filters, before=f"{before[0].isoformat()}~{before[1]}")


def _topics(parts: Parts) -> dict[str, str]:
    """Titles by public name; French ones where a topic has both."""
    library = parts.library
    return {topic.slug: topic.title for language in reversed(LANGUAGES) for topic in library.topics(language)}


def _row(asked: ListedQuestion, topics: dict[str, str]) -> tuple[Cell, ...]:
    return (
        wording.cell(asked.asked_at),
        asked.conversation,
        asked.language,
        asked.question,
        asked.answer,
        wording.rung(asked.answered_by),
        ", ".join(topics.get(slug, slug) for slug in asked.topics),
        ", ".join(
            f"{wording.rung(passed.source)} ({wording.reason(passed.reason)})"
            for passed in asked.passed
            if passed.source != "small_talk"
        ),
        gettext(f"admin.notice.{asked.notice}") if asked.notice in NOTICES else asked.notice,
        None if asked.confidence is None else round(asked.confidence, 2),
        None if asked.seconds is None else round(asked.seconds, 2),
        asked.model,
        asked.tokens,
        asked.cost_microusd / 1_000_000,
        gettext(f"admin.feedback.{asked.feedback}") if asked.feedback else None,
        asked.feedback_reason,
    )
