"""The week in one letter: what was asked, what it cost, what was not answered and what to add. Once a week, whoever sends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from okichat.clock import Clock
from okichat.contact.channels import Letter
from okichat.knowledge.search import Search
from okichat.knowledge.suggestions import Suggestion, suggestions
from okichat.money.budget import Budget
from okichat.monitoring.alert_book import Alert
from okichat.monitoring.alerts import Alerts
from okichat.monitoring.amounts import dollars, percent
from okichat.monitoring.summary import Summary
from okichat.sentences import Say
from okichat.settings import Settings
from okichat.storage.engine import Store

KIND = "digest"
_FROM_HOUR = 8  # of Monday
_MOST_UNANSWERED, _MOST_PAID = 10, 5
_LONGEST_CHARS = 160


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday."""

    monday: date

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def name(self) -> str:
        """As ISO 8601 counts weeks, e.g. "2026-W48"."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @classmethod
    def named(cls, name: str) -> Week:
        """The week of that name. Raises ValueError."""
        return cls(datetime.strptime(f"{name}-1", "%G-W%V-%u").date())


class Digest:
    """Writes the letter of a week and sees to it that it is sent once. Methods raise StoreUnavailable."""

    def __init__(
        self,
        settings: Settings,
        say: Say,
        clock: Clock,
        store: Store,
        summary: Summary,
        search: Search,
        budget: Budget,
        alerts: Alerts,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._summary = summary
        self._search = search
        self._budget = budget
        self._alerts = alerts
        self._zone = ZoneInfo(settings.timezone)
        self._say = say
        self._dealt_with: Week | None = None
        alerts.write_with(KIND, self.letter)

    def look(self) -> None:
        """Send the letter of last week, from Monday morning on, where the settings want it and there is a channel."""
        week = self.last_week
        moment = self._clock.now().astimezone(self._zone)
        too_early = moment.weekday() == 0 and moment.hour < _FROM_HOUR
        if self._dealt_with == week or too_early or not self._settings.digest or not self._alerts.has_channel:
            return
        if self._summary.first_day() <= week.sunday:  # else there was no chat yet, and nothing to tell
            self.send(week)
        self._dealt_with = week

    @property
    def last_week(self) -> Week:
        """The last one that is over, in the firm's time zone."""
        today = self._summary.today
        return Week(today - timedelta(days=today.weekday() + 7))

    def send(self, week: Week) -> bool:
        """Send its letter now, or later where no channel takes it now. False if some process has done so before."""
        return self._alerts.tell_once(KIND, week.name)

    def is_sent(self, week: Week) -> bool:
        """Whether a channel has taken it."""
        return self._alerts.is_sent(KIND, week.name)

    def letter(self, alert: Alert) -> Letter:
        """The letter of the week that the alert names."""
        week = Week.named(alert.period)
        subject = self._say("digest.subject", firm=self._settings.name, **_days(week))
        return Letter(alert.id, subject, self.text(week), alert.raised_at)

    def text(self, week: Week) -> str:
        """What the letter says; visitors' words as they are kept, with personal data already replaced."""
        found = suggestions(self._store, self._search, self._summary.bounds(week.monday)[0])
        paid = [each for each in found if {reason for reason, _ in each.reasons} == {"gpt_only"}]
        unanswered = [each for each in found if each not in paid]
        lines = [self._say("digest.week", **_days(week)), "", *self._figures(week), ""]
        if unanswered:
            lines += [self._say("digest.unanswered"), *self._listed(unanswered[:_MOST_UNANSWERED])]
        else:
            lines.append(self._say("digest.all_answered"))
        if paid:
            lines += ["", self._say("digest.paid"), *self._listed(paid[:_MOST_PAID])]
        return "\n".join(lines)

    def _figures(self, week: Week) -> Iterator[str]:
        figures = self._summary.between(week.monday, week.sunday)
        before = self._summary.between(week.monday - timedelta(days=7), week.monday - timedelta(days=1))
        left_microusd, locale = self._budget.month().left_microusd, self._settings.locale
        yield self._say(
            "digest.questions", count=figures.questions, before=before.questions, talks=figures.conversations
        )
        if figures.questions:
            rungs = {rung: percent(figures.share(rung), locale) for rung in ("local", "handoff")}
            gpt = percent(figures.share("gpt") + figures.share("cache"), locale)
            yield self._say("digest.rungs", gpt=gpt, **rungs)
        yield self._say("digest.cost", cost=dollars(figures.cost_microusd, locale), left=dollars(left_microusd, locale))
        if figures.ratings:
            yield self._say("digest.ratings", up=figures.ratings["up"], down=figures.ratings["down"])

    def _listed(self, found: Sequence[Suggestion]) -> Iterator[str]:
        for number, each in enumerate(found, 1):
            place = "digest.place.example" if each.topic else "digest.place.topic"
            text = each.question if len(each.question) <= _LONGEST_CHARS else f"{each.question[:_LONGEST_CHARS]}…"
            file = f"{each.language}/{each.topic}.md"
            line = self._say("digest.line", number=number, question=text, count=each.count)
            yield f"{line} {self._say(place, file=file)}"


def _days(week: Week) -> dict[str, str]:
    return {"begin": f"{week.monday:%d/%m/%Y}", "end": f"{week.sunday:%d/%m/%Y}"}
