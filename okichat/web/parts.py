"""The parts of the app that its views need, made once by the factory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from flask import current_app
from flask_limiter import Limiter

from okichat.assistant import Assistant
from okichat.cache.redis_shelf import RedisShelf
from okichat.clock import Clock
from okichat.contact.channels import Mail
from okichat.contact.delivery import Delivery
from okichat.contact.details import ContactDetails
from okichat.contact.form_age import FormAges
from okichat.contact.messages import Messages
from okichat.conversations.listing import Questions
from okichat.conversations.reference import References
from okichat.conversations.request_keys import RequestKeys
from okichat.conversations.turns import Turns
from okichat.guard.visitors import Visitors
from okichat.health.checks import Checks
from okichat.health.state import Health
from okichat.knowledge.editing import Editing
from okichat.knowledge.library import Library
from okichat.knowledge.search import Search
from okichat.knowledge.unanswered import Unanswered
from okichat.money.budget import Budget
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.digest import Digest
from okichat.monitoring.episodes import Episodes
from okichat.monitoring.instances import Instances
from okichat.monitoring.journal import Journal
from okichat.monitoring.security_log import SecurityLog
from okichat.monitoring.summary import Summary
from okichat.privacy.retention import Retention
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.sources.gpt import Gpt
from okichat.sources.prompt import Prompt
from okichat.sources.switch import Switch
from okichat.storage.engine import Store
from okichat.upkeep import Upkeep
from okichat.web.limits import close_limiter
from okichat.web.sessions import Sessions

EXTENSION = "okichat"


@dataclass(frozen=True)
class Parts:
    """What create_app has built."""

    settings: Settings
    sentences: Sentences
    clock: Clock
    journal: Journal
    store: Store
    redis: RedisShelf | None
    turns: Turns
    references: References
    request_keys: RequestKeys
    visitors: Visitors
    contact: ContactDetails
    messages: Messages
    form_ages: FormAges
    mail: Mail | None
    delivery: Delivery
    retention: Retention
    upkeep: Upkeep
    alerts: Alerts
    digest: Digest
    security: SecurityLog
    episodes: Episodes
    instances: Instances
    health: Health
    checks: Checks
    summary: Summary
    questions: Questions
    sessions: Sessions
    budget: Budget
    search: Search
    unanswered: Unanswered
    editing: Editing
    prompt: Prompt
    gpt: Gpt
    switch: Switch
    assistant: Assistant
    limiter: Limiter
    library: Library
    linked_addresses: tuple[str, ...]

    @property
    def mode(self) -> str:
        """ "gpt" while the next question would go to the model, else "local": what the badge says."""
        return "gpt" if self.gpt.available() else "local"

    @property
    def question_limit(self) -> str:
        """How many questions one visitor may ask now, and in a day: fewer while the quota is spent, where that is set."""
        limits = self._limits
        if not self.settings.degraded_rate_limit:
            return "; ".join(limits)
        pause = self.gpt.pause()
        is_spent = pause is not None and pause.cause == "quota"
        return "; ".join((self.settings.degraded_rate_limit if is_spent else limits[0], *limits[1:]))

    def close(self, timeout_s: float = 30.0) -> None:
        """Give everything back that was opened, once what goes on beside the questions has ended, or after `timeout_s`."""
        self.upkeep.stop(timeout_s)
        self.delivery.stop(timeout_s)
        self.gpt.close()
        if self.redis:
            self.redis.close()
        close_limiter(self.limiter)
        self.store.close()

    @cached_property
    def _limits(self) -> tuple[str, ...]:
        return self.settings.question_limits


def current_parts() -> Parts:
    """The parts of the app that handles this request."""
    return cast(Parts, current_app.extensions[EXTENSION])
