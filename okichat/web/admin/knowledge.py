"""The topics: which ones answer, how visitors rate them, how long they hold; and a question to try out, unpaid."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request
from markupsafe import Markup

from okichat.answer import Answer, last_answer
from okichat.errors import Refusal
from okichat.knowledge.library import Topic
from okichat.knowledge.search import Findings
from okichat.language import LANGUAGES
from okichat.money.estimate import likely_tokens
from okichat.money.forecast import ASSUMED_ANSWER_TOKENS
from okichat.money.prices import price_of
from okichat.monitoring.summary import TopicUse
from okichat.question import MAX_QUESTION_CHARS, Question
from okichat.sources.handoff import Handoff
from okichat.sources.local import Local, NothingFound
from okichat.web import presenter
from okichat.web.admin.room import blueprint, screen
from okichat.web.locale import page_locale
from okichat.web.parts import Parts, current_parts

_DAYS = 30


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic, and how it was used in the last 30 days; validity: valid, not_yet or ended."""

    topic: Topic
    use: TopicUse
    validity: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a question would find, and the answer without GPT; `cost_microusd` is what GPT would cost for it, about.

    refusal  why it is no question (translation `refusal.<code>`); then the rest is empty
    """

    text: str
    refusal: str | None = None
    findings: Findings | None = None
    answer: Answer | None = None
    html: Markup | None = None
    cost_microusd: int | None = None


@blueprint.get("/knowledge")
def knowledge() -> str:
    """All topics, the most used first."""
    parts = current_parts()
    uses, text = parts.summary.topics(_DAYS), request.args.get("q", "")
    rows = [
        TopicRow(topic, uses.get((topic.language, topic.slug), TopicUse(0, 0, 0)), topic.validity(parts.summary.today))
        for language in parts.library.languages
        for topic in parts.library.topics(language)
    ]
    return screen(
        "dashboard/knowledge.html",
        "knowledge",
        rows=sorted(rows, key=lambda row: (row.topic.language != page_locale(), -row.use.hits, row.topic.title)),
        days=_DAYS,
        max_chars=MAX_QUESTION_CHARS,
        trial=_trial(parts, text) if text.strip() else None,
    )


@blueprint.get("/knowledge/<language>/<slug>")
def topic(language: str, slug: str) -> str:
    """One topic as visitors read it."""
    found = current_parts().library.topic(slug, language) if language in LANGUAGES else None
    if found is None:
        abort(404)
    return screen("dashboard/topic.html", "knowledge", topic=found, html=presenter.html_of(found.text))


def _trial(parts: Parts, text: str) -> Trial:
    try:
        question = Question.from_text(text, locale=page_locale())
    except Refusal as refusal:
        return Trial(text, refusal=refusal.code)
    findings = parts.search.find(question)
    try:
        answer = last_answer(Local().answer(question, findings))
    except NothingFound:
        answer = last_answer(Handoff().answer(question, findings))
    settings = parts.settings
    price = price_of(settings.openai_model, settings)
    cost = None
    if price and findings.verdict != "outside":
        prompt_tokens = likely_tokens(parts.prompt.messages(question, findings.passages))
        cost = price.cost_microusd(prompt_tokens, 0, ASSUMED_ANSWER_TOKENS)
    return Trial(text, None, findings, answer, presenter.html_of(answer.text), cost)
