"""Every part of the app, made from the settings: who needs whom. `answering` has what a question meets, this the rest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from importlib import import_module

from flask_limiter import Limiter

from okichat.assembly.answering import Answering
from okichat.clock import Clock
from okichat.contact.channels import Mail, channels_from, mail_from
from okichat.contact.delivery import Delivery
from okichat.contact.form_age import FormAges
from okichat.contact.letter import LetterWriter
from okichat.contact.messages import Messages
from okichat.content import folder
from okichat.conversations.listing import Questions
from okichat.conversations.reference import References
from okichat.conversations.request_keys import RequestKeys
from okichat.guard.injection import misuse
from okichat.guard.secret_key import secret_key
from okichat.guard.visitors import Visitors
from okichat.health.checks import Checks
from okichat.health.state import Health
from okichat.knowledge.editing import Editing
from okichat.knowledge.unanswered import Unanswered
from okichat.knowledge.validity import ValidityWatch
from okichat.money.disk import ephemeral_host
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.digest import Digest
from okichat.monitoring.episodes import Episodes
from okichat.monitoring.instances import Instances, traits_of
from okichat.monitoring.security_log import SecurityLog
from okichat.monitoring.summary import Summary
from okichat.privacy.retention import Retention
from okichat.settings import Settings
from okichat.storage.schema import prepare
from okichat.upkeep import Job, Upkeep
from okichat.web.parts import Parts
from okichat.web.sessions import Sessions


def assemble(settings: Settings, clock: Clock, limiter: Limiter) -> Parts:
    """The parts that views are given. Raises SettingsError or KnowledgeError."""
    assembly = _Assembly(settings, clock, limiter)
    return Parts(**{field.name: getattr(assembly, field.name) for field in fields(Parts)})


class _Assembly(Answering):
    def __init__(self, settings: Settings, clock: Clock, limiter: Limiter) -> None:
        super().__init__(settings, clock)
        self.limiter = limiter

    @cached_property
    def secret(self) -> str:
        """What everything is signed with."""
        return secret_key(self.settings, self.store, self.journal)

    @cached_property
    def references(self) -> References:
        return References(self.secret)

    @cached_property
    def request_keys(self) -> RequestKeys:
        return RequestKeys()

    @cached_property
    def visitors(self) -> Visitors:
        return Visitors(self.secret, self.clock)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.secret, self.settings.admin_password, self.clock)

    @cached_property
    def form_ages(self) -> FormAges:
        return FormAges(self.secret, self.clock)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self.store, self.clock)

    @cached_property
    def mail(self) -> Mail | None:
        return mail_from(self.settings)

    @cached_property
    def delivery(self) -> Delivery:
        letters = LetterWriter(self.turns, self.contact, self.sentences(self.settings.locale))
        return Delivery(self.messages, channels_from(self.settings), letters, self.journal)

    @cached_property
    def retention(self) -> Retention:
        return Retention(self.store, self.messages, self.clock, self.settings.retention_days)

    @cached_property
    def alerts(self) -> Alerts:
        return self.watch.alerts

    @cached_property
    def episodes(self) -> Episodes:
        return self.watch.episodes

    @cached_property
    def security(self) -> SecurityLog:
        return self.watch.security

    @cached_property
    def summary(self) -> Summary:
        return Summary(self.store, self.clock, self.settings.timezone)

    @cached_property
    def questions(self) -> Questions:
        return Questions(self.store)

    @cached_property
    def unanswered(self) -> Unanswered:
        return Unanswered(self.store, self.search, self.clock, self.settings.retention_days)

    @cached_property
    def editing(self) -> Editing:
        where = self.settings.knowledge or folder("knowledge")
        # What is written into an installed package is gone with its next version.
        forgets = ephemeral_host(os.environ) is not None or "shipped" in where.parts
        return Editing(where, self.placeholders, self.search.today, forgets=forgets)

    @cached_property
    def digest(self) -> Digest:
        say = self.sentences(self.settings.locale)
        return Digest(self.settings, say, self.clock, self.store, self.summary, self.search, self.budget, self.alerts)

    @cached_property
    def instances(self) -> Instances:
        traits = traits_of(self.settings, self.library.version, self.prompt.version, self.secret)
        return Instances(self.store, self.clock, self.journal, traits)

    @cached_property
    def health(self) -> Health:
        redis_answers = self.limiter.storage.check
        needed = self.settings, self.store, self.budget, self.summary, self.search, self.chain, self.gpt
        return Health(*needed, redis_answers)

    @cached_property
    def checks(self) -> Checks:
        needed = self.store, self.budget, self.gpt, self.alerts, self.instances, self.health
        return Checks(self.settings, self.sentences, self.clock, *needed)

    @cached_property
    def linked_addresses(self) -> tuple[str, ...]:
        """What the topics link to: the firm vouches for these sites."""
        topics = (topic for language in self.library.languages for topic in self.library.topics(language))
        texts = (f"{topic.link or ''} {topic.text}" for topic in topics)
        return tuple(sorted({address for text in texts for address in re.findall(r"https?://[^\s)>\]]+", text)}))

    @cached_property
    def upkeep(self) -> Upkeep:
        """What goes on beside the questions."""
        opening: list[Job] = [
            lambda: import_module("okichat.web.schemas"),
            lambda: misuse("Bonjour"),
            lambda: self.search.prepare(self.library.languages[0]),
            self.gpt.warm,
            self.search.prepare_all,
        ]
        rounds = list(self._every_round())
        upkeep = Upkeep(self.journal, [self.delivery.start], rounds, self.watch.looks_at_news, opening)
        self.watch.on_news(upkeep.hurry)
        self.budget.after_change = upkeep.hurry
        return upkeep

    def _every_round(self) -> Iterator[Job]:
        if not self.is_store_prepared:
            yield lambda: prepare(self.store)
        yield self.budget.settle_orphans
        yield self.retention.purge
        yield from self.watch.looks
        yield ValidityWatch(self.library, self.journal, self.search.today).look
        if self.settings.admin_password or self.settings.metrics_token:
            yield self.summary.prepare
        if self.settings.admin_password:
            yield self.unanswered.prepare
