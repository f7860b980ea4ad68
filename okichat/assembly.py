"""Every part of the app, made from the settings: who needs whom, in one place."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from importlib import import_module

from flask_limiter import Limiter

from okichat.assistant import Assistant
from okichat.cache.answers import AnswerCache
from okichat.cache.keys import Keys
from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shared import SharedAnswers
from okichat.cache.shelf import Shelf, StoreShelf
from okichat.clock import Clock, SystemClock, days_in
from okichat.contact.channels import channels_from, mail_from
from okichat.contact.delivery import Delivery
from okichat.contact.details import ContactDetails
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import Messages
from okichat.content import folder
from okichat.conversations.listing import Questions
from okichat.conversations.recorder import Recorder
from okichat.conversations.reference import References
from okichat.conversations.retention import Retention
from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.guard.admission import Guard
from okichat.guard.visitors import Visitors
from okichat.knowledge.calibration import read_calibration
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.knowledge.validity import ValidityWatch
from okichat.language import LANGUAGES
from okichat.money.budget import Budget
from okichat.money.disk import why_gpt_stays_off
from okichat.money.prices import warnings
from okichat.monitoring.alert_book import AlertBook
from okichat.monitoring.alert_post import post_from
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.journal import Journal
from okichat.monitoring.summary import Summary
from okichat.settings import Settings
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
from okichat.upkeep import Job, Upkeep
from okichat.web.parts import Parts
from okichat.web.sessions import Sessions

_TURN_MARGIN_S = 5.0


def assemble(settings: Settings, clock: Clock, limiter: Limiter) -> Parts:
    """The parts. Raises SettingsError or KnowledgeError."""
    journal = Journal(clock)
    store = _open_store(settings, journal)
    missed_start = [] if _prepare_store(store, journal) else [lambda: prepare(store)]
    contact_details = ContactDetails.from_settings(settings)
    library = _load_library(settings, contact_details)
    turns = _open_turns(settings, store, clock)
    prompt = Prompt([path for path in (settings.prompts, folder("prompts")) if path], settings.name)
    budget = Budget(store, clock, settings)
    gpt = Gpt(settings, budget, prompt, journal, clock, stays_off=_why_off(settings, journal))
    search = Search(library, read_calibration(settings.knowledge), today=days_in(settings.timezone, clock))
    redis = RedisShelf(settings.redis_url, clock, journal) if settings.redis_url else None
    shared = _share_answers(settings, redis or StoreShelf(store, clock, journal), redis, clock, library, prompt, gpt)
    messages = Messages(store, clock)
    delivery = _deliver(settings, messages, turns, contact_details, journal)
    alerts = _watch(settings, store, clock, journal, budget, redis)
    retention = Retention(store, messages, clock, settings.retention_days)
    summary = Summary(store, clock, settings.timezone)
    looks = [alerts.look, ValidityWatch(library, journal, search.today).look, *_for_owner(settings, summary)]
    every_round = [*missed_start, budget.settle_orphans, retention.purge, *looks]
    at_start = [lambda: import_module("okichat.web.schemas"), search.prepare_all, gpt.warm, delivery.start]
    upkeep = _look_after(journal, at_start, every_round, alerts, budget)
    return Parts(
        settings=settings,
        clock=clock,
        journal=journal,
        store=store,
        turns=turns,
        references=References(secret := settings.secret_key or _kept_secret(store, journal)),
        visitors=Visitors(secret, clock),
        contact=contact_details,
        messages=messages,
        mail=mail_from(settings),
        delivery=delivery,
        retention=retention,
        upkeep=upkeep,
        alerts=alerts,
        summary=summary,
        questions=Questions(store),
        sessions=Sessions(secret, settings.admin_password, clock),
        budget=budget,
        search=search,
        prompt=prompt,
        gpt=gpt,
        assistant=Assistant(Guard(), Recorder(turns, journal), shared, search, _chain(settings, gpt, journal)),
        limiter=limiter,
        library=library,
        linked_addresses=_addresses(library),
    )


def _open_store(settings: Settings, journal: Journal) -> Store:
    store = Store(settings.database_url)
    store.tell_losses(lambda error: journal.event("store_unavailable", room="conversations", cause=str(error)))
    return store


def _open_turns(settings: Settings, store: Store, clock: Clock) -> Turns:
    # Without Redis exactly one process runs: see gunicorn.conf.py.
    return Turns(store, clock, settings.deadline_s + _TURN_MARGIN_S, alone=settings.redis_url is None)


def _chain(settings: Settings, gpt: Gpt, journal: Journal) -> Chain:
    paid_or_free: list[AnswerSource] = [Local(), gpt] if settings.local_first else [gpt, Local()]
    return Chain([SmallTalk(settings.name), *paid_or_free, Handoff()], journal)


def _deliver(
    settings: Settings, messages: Messages, turns: Turns, contact: ContactDetails, journal: Journal
) -> Delivery:
    letters = LetterWriter(turns, contact, settings.locale)
    return Delivery(messages, channels_from(settings), letters, journal)


def _for_owner(settings: Settings, summary: Summary) -> list[Job]:
    return [summary.prepare] if settings.admin_password else []


def _look_after(
    journal: Journal, at_start: Sequence[Job], every_round: Sequence[Job], alerts: Alerts, budget: Budget
) -> Upkeep:
    upkeep = Upkeep(journal, at_start, every_round, when_hurried=[alerts.look])
    journal.listen(alerts.hear)
    alerts.on_news(upkeep.hurry)
    budget.after_change = upkeep.hurry
    return upkeep


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
