"""An alert in words, on its way to the operator: by the webhook, else by mail."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from okichat.contact.channels import Channel, ChannelFailed, Letter, channels_from
from okichat.monitoring.alert_book import Alert
from okichat.monitoring.amounts import dollars, percent
from okichat.sentences import Sentences
from okichat.settings import Settings

_PAUSES_S = (1.0, 3.0)  # between the three tries
_SHARES = {"budget_50": 50, "budget_80": 80}
_ONE_SENTENCE = {"quota_over": "model_over", "key_over": "model_over", "model_gone_over": "model_over"}
_CALM_AGAIN = ("abuse_attempt_over", "repeated_api_errors_over", "off_topic_burst_over", "traffic_peak_over")
_SENTENCES = {**dict.fromkeys(_SHARES, "budget"), **_ONE_SENTENCE}


class AlertPost:
    """Writes alerts in the language of the settings and sends them."""

    def __init__(
        self,
        settings: Settings,
        channels: Sequence[Channel],
        sentences: Sentences,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`channels` as for visitors' messages; the webhook, which is named after alerts, comes first here."""
        self._say = sentences(settings.locale)
        self._locale = settings.locale
        self._firm = settings.name
        self._timezone = ZoneInfo(settings.timezone)
        self.channels = tuple(sorted(channels, key=lambda channel: channel.name != "webhook"))
        self.writers: dict[str, Callable[[Alert], Letter]] = {}  # of kinds that are more than a sentence
        self._sleep = sleep

    def send(self, alert: Alert) -> str:
        """Send it through the first channel that takes it, in three tries; gives its name. Raises ChannelFailed."""
        letter = self.letter(alert)
        failure = ChannelFailed("no_channel")
        for pause_s in (*_PAUSES_S, 0.0):
            for channel in self.channels:
                try:
                    channel.send(letter)
                except ChannelFailed as failed:
                    failure = failed
                else:
                    return channel.name
            self._sleep(pause_s)
        raise failure

    def try_out(self, now: datetime) -> list[tuple[str, str | None]]:
        """Send a test through every channel: its name, and why it failed or None."""
        letter = self.letter(Alert("test", "", now, {}))
        tried: list[tuple[str, str | None]] = []
        for channel in self.channels:
            try:
                channel.send(letter)
            except ChannelFailed as failed:
                tried.append((channel.name, failed.reason))
            else:
                tried.append((channel.name, None))
        return tried

    def letter(self, alert: Alert) -> Letter:
        """The alert in words."""
        if write := self.writers.get(alert.kind):
            return write(alert)
        kind = _SENTENCES.get(alert.kind, alert.kind)
        values = {"subject": alert.subject, **self._values(alert)}
        text = self._say(f"alert.{kind}", **values)
        if kind == "budget" and (day := alert.facts.get("ends_on")):
            text = f"{text} {self._say('alert.ends_on', **_day(date.fromisoformat(str(day))))}"
        subject = "alert.subject_over" if alert.kind.endswith("_over") else "alert.subject"
        if alert.kind in _CALM_AGAIN:
            subject = "alert.subject_calm"
        return Letter(alert.id, self._say(subject, firm=self._firm), text, alert.raised_at)

    def _values(self, alert: Alert) -> dict[str, str]:
        facts = alert.facts
        values = {name: str(value) for name, value in facts.items()}
        for name in ("spent", "budget"):
            if isinstance(microusd := facts.get(f"{name}_microusd"), int):
                values[name] = dollars(microusd, self._locale)
        if isinstance(whole := _SHARES.get(alert.kind) or facts.get("percent"), int):
            values["share"] = percent(whole / 100, self._locale)
        if reason := facts.get("reason"):
            values["cause"] = self._say(f"admin.reason.{reason}")
        if moment := facts.get("resets_at"):
            values |= _day(datetime.fromisoformat(str(moment)).astimezone(self._timezone).date())
        return values


def post_from(settings: Settings, sentences: Sentences) -> AlertPost:
    """The post through the channels that the operator has set."""
    return AlertPost(settings, channels_from(settings), sentences)


def _day(day: date) -> dict[str, str]:
    return {"day": f"{day:%d}", "month": f"{day:%m}", "year": f"{day:%Y}"}
