"""Builds every part from the settings and hands them to the web. Reads like a table of contents."""

from __future__ import annotations

import logging
import os
import re
import secrets

from flask import Flask
from flask_compress import Compress

from okichat.assistant import Assistant
from okichat.cache.answers import AnswerCache
from okichat.cache.keys import Keys
from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shared import SharedAnswers
from okichat.cache.shelf import Shelf, StoreShelf
from okichat.cli import commands
from okichat.clock import Clock, SystemClock
from okichat.contact.channels import channels_from
from okichat.contact.delivery import Delivery
from okichat.contact.details import ContactDetails
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import Messages
from okichat.content import folder
from okichat.conversations.recorder import Recorder
from okichat.conversations.reference import References
from okichat.conversations.retention import Retention
from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.guard.admission import Guard
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.language import LANGUAGES
from okichat.money.budget import Budget
from okichat.money.disk import why_gpt_stays_off
from okichat.money.prices import warnings
from okichat.monitoring.alert_book import AlertBook
from okichat.monitoring.alert_post import post_from
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.journal import Journal
from okichat.settings import Settings, load_settings
from okichat.sources.chain import Chain
from okichat.sources.gpt import Gpt
from okichat.sources.handoff import Handoff
from okichat.sources.local import Local
from okichat.sources.prompt import Prompt
from okichat.sources.small_talk import SmallTalk
from okichat.sources.source import AnswerSource
from okichat.storage.engine import Store
from okichat.storage.facts import Facts
from okichat.storage.schema import prepare
from okichat.upkeep import Upkeep
from okichat.web import api, chat, contact, health, patterns, widget
from okichat.web.application import create_flask
from okichat.web.assets import serve_assets
from okichat.web.errors import explain_errors
from okichat.web.headers import add_security_headers
from okichat.web.limits import create_limiter
from okichat.web.locale import speak_languages
from okichat.web.origin import refuse_cross_site_posts
from okichat.web.parts import EXTENSION, Parts

_TURN_MARGIN_S = 5.0


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The whole app. Raises SettingsError or KnowledgeError, each with every mistake and its mend."""
    settings = settings or load_settings()
    app = create_flask(settings)
    parts = _create_parts(app, settings, clock or SystemClock())
    app.extensions[EXTENSION] = parts
    speak_languages(app, settings)
    add_security_headers(app, settings)
    refuse_cross_site_posts(app)
    explain_errors(app)
    Compress(app)
    serve_assets(app, folder("static"))
    for room in (chat, widget, api, contact, health):
        app.register_blueprint(room.blueprint)
    if app.debug:
        app.register_blueprint(patterns.blueprint)
    app.cli.add_command(commands)
    app.before_request(parts.upkeep.start)  # at the latest; gunicorn.conf.py starts it before the first visitor comes
    parts.store.close()  # a connection opened here must not be shared by the processes that gunicorn forks
    return app


def _create_parts(app: Flask, settings: Settings, clock: Clock) -> Parts:
    journal = Journal(clock)
    store = Store(settings.database_url)
    missed_start = [] if _prepare_store(store, journal) else [lambda: prepare(store)]
    contact_details = ContactDetails.from_settings(settings)
    library = _load_library(settings, contact_details)
    turns = Turns(store, clock, settings.deadline_s + _TURN_MARGIN_S)
    prompt = Prompt([path for path in (settings.prompts, folder("prompts")) if path], settings.name)
    budget = Budget(store, clock, settings)
    gpt = Gpt(settings, budget, prompt, journal, clock, stays_off=_why_off(settings, journal))
    paid_or_free: list[AnswerSource] = [Local(), gpt] if settings.local_first else [gpt, Local()]
    chain = Chain([SmallTalk(settings.name), *paid_or_free, Handoff()], journal)
    search = Search(library)
    redis = RedisShelf(settings.redis_url, clock, journal) if settings.redis_url else None
    shelf = redis or StoreShelf(store, clock, journal)
    shared = _share_answers(settings, shelf, redis, clock, library, prompt, gpt)
    assistant = Assistant(Guard(), Recorder(turns, journal), shared, search, chain)
    messages = Messages(store, clock)
    letters = LetterWriter(turns, contact_details, settings.locale)
    delivery = Delivery(messages, channels_from(settings), letters, journal)
    retention = Retention(store, messages, clock, settings.retention_days)
    alerts = _watch(settings, store, clock, journal, budget, redis)
    at_start = [lambda: _open_searches(search), gpt.warm, delivery.start]
    every_round = [*missed_start, budget.settle_orphans, retention.purge, alerts.look]
    upkeep = Upkeep(journal, at_start, every_round, when_hurried=[alerts.look])
    journal.listen(alerts.hear)
    alerts.on_news(upkeep.hurry)
    budget.after_change = upkeep.hurry
    return Parts(
        settings=settings,
        clock=clock,
        journal=journal,
        store=store,
        turns=turns,
        references=References(settings.secret_key or _kept_secret(store, journal)),
        contact=contact_details,
        messages=messages,
        delivery=delivery,
        retention=retention,
        upkeep=upkeep,
        alerts=alerts,
        budget=budget,
        search=search,
        prompt=prompt,
        gpt=gpt,
        assistant=assistant,
        limiter=create_limiter(app, settings),
        library=library,
        linked_addresses=_addresses(library),
    )


def _watch(
    settings: Settings, store: Store, clock: Clock, journal: Journal, budget: Budget, redis: RedisShelf | None
) -> Alerts:
    post = post_from(settings)
    book = AlertBook(store, clock, can_send=bool(post.channels))
    is_first = redis.is_first if redis else None
    return Alerts(book, post, budget, store, journal, clock, settings, is_first=is_first)


def _share_answers(
    settings: Settings,
    shelf: Shelf,
    redis: RedisShelf | None,
    clock: Clock,
    library: Library,
    prompt: Prompt,
    gpt: Gpt,
) -> SharedAnswers:
    """Redis holds the prepared answers, and who asks the model, where there is one; else the store holds the answers."""
    models = (settings.openai_base_url, settings.openai_model, settings.openai_fallback_model)
    keys = Keys(library.version, prompt.version, *models)
    lifetime_s = settings.cache_ttl_s if gpt.off_because is None else 0
    cache = AnswerCache(shelf, library, clock, lifetime_s=lifetime_s, timezone=settings.timezone)
    leases = redis if lifetime_s else None  # whoever waits for another process needs to find its answer somewhere
    return SharedAnswers(keys, cache, leases, is_paid=gpt.available, patience_s=settings.deadline_s / 2)


def _open_searches(search: Search) -> None:
    for language in LANGUAGES:
        search.prepare(language)


def _why_off(settings: Settings, journal: Journal) -> str | None:
    """Why GPT stays off although there is a key; tells the operator in words."""
    for warning in warnings(settings, SystemClock().now().date()):
        journal.event("model_warning", detail=warning)
    if sentence := why_gpt_stays_off(settings, os.environ):
        journal.event("gpt_stays_off", detail=sentence)
        return "ephemeral_ledger"
    return None


def _load_library(settings: Settings, details: ContactDetails) -> Library:
    placeholders = {language: details.placeholders(language, settings.retention_days) for language in LANGUAGES}
    return load_library(settings.knowledge or folder("knowledge"), placeholders)


def _addresses(library: Library) -> tuple[str, ...]:
    """What the topics link to: the firm vouches for these sites."""
    texts = (f"{topic.link or ''} {topic.text}" for language in library.languages for topic in library.topics(language))
    return tuple(sorted({address for text in texts for address in re.findall(r"https?://[^\s)>\]]+", text)}))


def _prepare_store(store: Store, journal: Journal) -> bool:
    """Whether the tables are there. Visitors are answered without them too, so a store that is away does not stop the start."""
    try:
        prepare(store)
    except StoreUnavailable as error:
        journal.event("store_unavailable", room="start", cause=str(error))
        return False
    return True


def _kept_secret(store: Store, journal: Journal) -> str:
    """SECRET_KEY where the operator has set none: made once and kept in the store, so that a restart ends no conversation."""
    try:
        return Facts(store).remember("secret_key", secrets.token_hex(32))
    except StoreUnavailable:
        journal.event("secret_key_not_kept")
        return secrets.token_hex(32)


def configure_logging() -> None:
    """Events go to standard error as they are: one JSON object a line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
