"""The topics: which ones answer, how visitors rate them, how long they hold; and a question to try out, by GPT if wanted."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request
from markupsafe import Markup

from okichat.answer import Answer, Usage, last_answer
from okichat.errors import Refusal, SourceUnavailable
from okichat.guard.admission import Guard
from okichat.knowledge.findings import Findings
from okichat.knowledge.topic_file import Topic
from okichat.language import LANGUAGES
from okichat.money.estimate import likely_tokens
from okichat.money.forecast import ASSUMED_ANSWER_TOKENS
from okichat.money.prices import price_of
from okichat.monitoring.audit import DASHBOARD, Audit
from okichat.monitoring.topic_use import TopicUse
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
class PaidAnswer:
    """What GPT made of a question. `why_not` is the stable word where it gave no answer; `usage` is None where nothing is due."""

    html: Markup | None
    usage: Usage | None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a question would find, and the answer without GPT; `cost_microusd` is what GPT would cost for it, about.

    refusal  why it is no question (translation `refusal.<code>`); then the rest is empty
    paid     what GPT says, where the owner has asked for that
    """

    text: str
    refusal: str | None = None
    findings: Findings | None = None
    answer: Answer | None = None
    html: Markup | None = None
    cost_microusd: int | None = None
    paid: PaidAnswer | None = None


@blueprint.get("/knowledge")
def knowledge() -> str:
    """All topics, the most used first; and what the knowledge says to the question that is tried out."""
    parts, text = current_parts(), request.args.get("q", "")
    return _screen(parts, _trial(parts, text) if text.strip() else None)


@blueprint.post("/knowledge")
def ask_gpt() -> str:
    """The same, and GPT's own answer: paid from the month's budget, and in no conversation."""
    parts = current_parts()
    trial = _trial(parts, request.form.get("q", ""), with_gpt=True)
    if trial.paid and trial.paid.usage:
        Audit(parts.store, parts.clock).note("gpt_tried_out", trial.paid.usage.model[:64], DASHBOARD)
    return _screen(parts, trial)


def _screen(parts: Parts, trial: Trial | None) -> str:
    uses = parts.summary.topics(_DAYS)
    rows = [
        TopicRow(topic, uses.get((topic.language, topic.slug), TopicUse()), topic.validity(parts.summary.today))
        for language in parts.library.languages
        for topic in parts.library.topics(language)
    ]
    return screen(
        "dashboard/knowledge.html",
        "knowledge",
        rows=sorted(rows, key=lambda row: (row.topic.language != page_locale(), -row.use.hits, row.topic.title)),
        days=_DAYS,
        max_chars=MAX_QUESTION_CHARS,
        trial=trial,
        gpt=parts.health.gpt_state_in_detail(),
    )


@blueprint.get("/knowledge/<language>/<slug>")
def topic(language: str, slug: str) -> str:
    """One topic as visitors read it."""
    found = current_parts().library.topic(slug, language) if language in LANGUAGES else None
    if found is None:
        abort(404)
    return screen("dashboard/topic.html", "knowledge", topic=found, html=presenter.html_of(found.text))


def _trial(parts: Parts, text: str, *, with_gpt: bool = False) -> Trial:
    try:
        question = Guard().admit(Question.from_text(text, locale=page_locale()))
    except Refusal as refusal:
        return Trial(text, refusal=refusal.code)
    findings = parts.search.find(question)
    try:
        answer = last_answer(Local(parts.sentences).answer(question, findings))
    except NothingFound:
        answer = last_answer(Handoff(parts.sentences).answer(question, findings))
    likely_microusd = _likely_cost(parts, question, findings)
    paid = _ask_gpt(parts, question, findings) if with_gpt and likely_microusd is not None else None
    return Trial(text, None, findings, answer, presenter.html_of(answer.text), likely_microusd, paid)


def _likely_cost(parts: Parts, question: Question, findings: Findings) -> int | None:
    """None where GPT would not be asked."""
    price = price_of(parts.settings.openai_model, parts.settings)
    if price is None or findings.verdict == "outside":
        return None
    prompt_tokens = likely_tokens(parts.prompt.messages(question, findings.passages))
    return price.cost_microusd(prompt_tokens, 0, ASSUMED_ANSWER_TOKENS)


def _ask_gpt(parts: Parts, question: Question, findings: Findings) -> PaidAnswer:
    try:
        answer = last_answer(parts.gpt.answer(question, findings))
    except SourceUnavailable as unavailable:
        return PaidAnswer(None, unavailable.usage, unavailable.reason)
    return PaidAnswer(presenter.html_of(answer.text), answer.usage)
