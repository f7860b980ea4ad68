"""The night watch: what notices, what tells, and when they look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from okichat.clock import Clock
from okichat.money.budget import Budget
from okichat.monitoring.alert_book import AlertBook
from okichat.monitoring.alert_post import post_from
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.episodes import Episodes
from okichat.monitoring.journal import Journal
from okichat.monitoring.security_log import SecurityLog
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.storage.engine import Store

Look = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Watch:
    """Alerts about money and the model's host, and about what visitors do."""

    alerts: Alerts
    episodes: Episodes
    security: SecurityLog

    @property
    def looks(self) -> tuple[Look, ...]:
        """For every round; the alerts come last and send what the others have noticed."""
        return self.episodes.look, self.alerts.look

    @property
    def looks_at_news(self) -> tuple[Look, ...]:
        """For when there is news."""
        return self.episodes.look_at_news, self.alerts.look

    def on_news(self, hurry: Callable[[], object]) -> None:
        """Call `hurry`, which must be quick, when there is reason to look without waiting for the next round."""
        self.alerts.on_news(hurry)
        self.episodes.on_news(hurry)


def open_watch(
    settings: Settings,
    store: Store,
    clock: Clock,
    journal: Journal,
    budget: Budget,
    sentences: Sentences,
    is_first: Callable[[str, int], bool] | None = None,
) -> Watch:
    """The watch, listening to the journal; `is_first` as for Alerts."""
    post = post_from(settings, sentences)
    book = AlertBook(store, clock, can_send=bool(post.channels))
    security = SecurityLog(store, clock)
    watch = Watch(
        Alerts(book, post, budget, store, journal, clock, settings, is_first=is_first),
        Episodes(store, clock, book, journal, security, settings.timezone),
        security,
    )
    journal.listen(watch.alerts.hear)
    journal.listen(watch.episodes.hear)
    security.on_news(watch.episodes.heed)
    return watch
