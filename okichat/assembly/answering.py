"""What a question needs on its way to an answer: each part by name, made from the parts it names."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from okichat.assistant import Assistant
from okichat.cache.answers import AnswerCache
from okichat.cache.keys import Keys
from okichat.cache.pause_news import PauseNews
from okichat.cache.redis_shelf import RedisShelf
from okichat.cache.shared import SharedAnswers
from okichat.cache.shelf import StoreShelf
from okichat.clock import Clock, SystemClock, days_in
from okichat.contact.details import ContactDetails
from okichat.content import folder
from okichat.conversations.recorder import Recorder
from okichat.conversations.turns import Turns
from okichat.errors import StoreUnavailable
from okichat.guard.admission import Guard
from okichat.guard.spam import Streams
from okichat.knowledge.calibration import read_calibration
from okichat.knowledge.kept import KeptLearning
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.money.budget import Budget
from okichat.money.disk import why_gpt_stays_off
from okichat.money.prices import warnings
from okichat.monitoring.journal import Journal
from okichat.monitoring.watch import Watch, open_watch
from okichat.sentences import Sentences
from okichat.settings import Settings, doubts
from okichat.sources.chain import Chain
from okichat.sources.gpt import Gpt
from okichat.sources.handoff import Handoff
from okichat.sources.local import Local
from okichat.sources.prompt import Prompt
from okichat.sources.small_talk import SmallTalk
from okichat.sources.source import AnswerSource
from okichat.sources.switch import Switch
from okichat.sources.unasked import EPHEMERAL_LEDGER
from okichat.storage.engine import Store
from okichat.storage.schema import prepare

_TURN_MARGIN_S = 5.0


class Answering:
    """The parts in the order of a question's way. Making them raises SettingsError or KnowledgeError."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.journal = Journal(clock)
        self.store = Store(settings.database_url)
        self.store.tell_losses(self._tell_loss)
        self.is_store_prepared = self._prepare_store()

    @cached_property
    def redis(self) -> RedisShelf | None:
        """Redis, where it is set: holds the prepared answers, and who asks the model."""
        return RedisShelf(self.settings.redis_url, self.clock, self.journal) if self.settings.redis_url else None

    @cached_property
    def sentences(self) -> Sentences:
        """What is said, in each language."""
        return Sentences(self.settings.translations)

    @cached_property
    def watch(self) -> Watch:
        """What notices trouble, and tells the operator."""
        is_first = self.redis.is_first if self.redis else None
        return open_watch(self.settings, self.store, self.clock, self.journal, self.budget, self.sentences, is_first)

    @cached_property
    def guard(self) -> Guard:
        """Looks at every question before anything else does."""
        return Guard(Streams(self.clock, self.settings.rate_limit), self.recorder.words_before)

    @cached_property
    def turns(self) -> Turns:
        """The conversations. Without Redis exactly one process runs: see gunicorn.conf.py."""
        longest_s = self.settings.deadline_s + _TURN_MARGIN_S
        return Turns(self.store, self.clock, longest_s, alone=self.settings.redis_url is None)

    @cached_property
    def recorder(self) -> Recorder:
        """Writes conversations down as they happen."""
        return Recorder(self.turns, self.journal)

    @cached_property
    def shared(self) -> SharedAnswers:
        """Prepared answers, and one call for many who ask the same at once; without Redis the store keeps the answers."""
        settings, gpt = self.settings, self.gpt
        keys = Keys(
            self.library.version,
            self.prompt.version,
            settings.openai_base_url,
            settings.openai_model,
            settings.openai_fallback_model,
        )
        lifetime_s = settings.cache_ttl_s if gpt.stays_off is None else 0
        shelf = self.redis or StoreShelf(self.store, self.clock, self.journal)
        cache = AnswerCache(shelf, self.library, self.clock, lifetime_s=lifetime_s, timezone=settings.timezone)
        # Whoever waits for another process needs to find its answer somewhere.
        leases = self.redis if lifetime_s else None
        return SharedAnswers(keys, cache, leases, is_paid=gpt.available, patience_s=settings.deadline_s / 2)

    @cached_property
    def contact(self) -> ContactDetails:
        """How to reach a human."""
        return ContactDetails.from_settings(self.settings)

    @cached_property
    def placeholders(self) -> dict[str, dict[str, str | None]]:
        """What stands for `{phone}` and the like in the topics, by language."""
        return self.contact.placeholders(self.settings.retention_days, self.sentences)

    @cached_property
    def library(self) -> Library:
        """The topics."""
        return load_library(self._topics, self.placeholders)

    @cached_property
    def search(self) -> Search:
        """Finds the topics that answer."""
        today = days_in(self.settings.timezone, self.clock)
        kept = KeptLearning(self._topics, self.library.version)
        return Search(self.library, read_calibration(self.settings.knowledge), today=today, kept=kept)

    @cached_property
    def prompt(self) -> Prompt:
        """What GPT is told."""
        folders = [path for path in (self.settings.prompts, folder("prompts")) if path]
        return Prompt(folders, self.settings.name, self.sentences)

    @cached_property
    def budget(self) -> Budget:
        """The month's money."""
        return Budget(self.store, self.clock, self.settings)

    @cached_property
    def switch(self) -> Switch:
        """With which the owner turns GPT off at once."""
        return Switch(self.store, self.clock, self.journal, off_by_setting=self.settings.kill_switch)

    @cached_property
    def gpt(self) -> Gpt:
        """The model."""
        return Gpt(
            self.settings,
            self.budget,
            self.prompt,
            self.sentences,
            self.journal,
            self.clock,
            stays_off=self._why_gpt_stays_off(),
            is_switched_off=self.switch.is_off,
            news=PauseNews(self.redis, self.clock, self.settings) if self.redis else None,
        )

    @cached_property
    def chain(self) -> Chain:
        """The sources of answers, the first one first."""
        local, sentences = Local(self.sentences), self.sentences
        knows: list[AnswerSource] = [local, self.gpt] if self.settings.local_first else [self.gpt, local]
        return Chain([SmallTalk(self.settings.name, sentences), *knows, Handoff(sentences)], self.journal)

    @cached_property
    def assistant(self) -> Assistant:
        """The whole way."""
        return Assistant(self.guard, self.watch.security, self.recorder, self.shared, self.search, self.chain)

    @property
    def _topics(self) -> Path:
        return self.settings.knowledge or folder("knowledge")

    def _why_gpt_stays_off(self) -> str | None:
        """Why GPT stays off although there is a key; tells the operator in words."""
        for warning in (*doubts(self.settings), *warnings(self.settings, SystemClock().now().date())):
            self.journal.event("model_warning", detail=warning)
        if sentence := why_gpt_stays_off(self.settings, os.environ):
            self.journal.event("gpt_stays_off", detail=sentence)
            return EPHEMERAL_LEDGER
        return None

    def _prepare_store(self) -> bool:
        """Whether the tables are there. Visitors are answered without them too, so a store that is away stops no start."""
        try:
            prepare(self.store)
        except StoreUnavailable as error:
            self.journal.event("store_unavailable", room="start", cause=str(error))
            return False
        return True

    def _tell_loss(self, error: StoreUnavailable) -> None:
        self.journal.event("store_unavailable", room="conversations", cause=str(error))
