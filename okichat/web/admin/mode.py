"""Whether GPT answers, and if not, why and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from okichat.errors import StoreUnavailable
from okichat.money.prices import price_of
from okichat.web.admin import wording
from okichat.web.parts import Parts


@dataclass(frozen=True, slots=True)
class GptState:
    """`why` is a stable word, `sentence` says it; `until` is None where it depends on the owner. All empty while GPT answers."""

    works: bool
    why: str = ""
    sentence: str = ""
    until: datetime | None = None


def gpt_state(parts: Parts) -> GptState:
    """As far as it is known without asking the model, in this process."""
    if parts.gpt.off_because is not None:
        return _off(parts.gpt.off_because)
    if pause := parts.gpt.pause():
        return _off("pause", pause.until, cause=wording.reason(pause.cause))
    if parts.gpt.available():
        return GptState(works=True)
    if price_of(parts.settings.openai_model, parts.settings) is None:
        return _off("price")
    try:
        month = parts.budget.month()
    except StoreUnavailable:
        return _off("store")
    if month.today_microusd < month.left_microusd:
        return _off("day", parts.summary.bounds(parts.summary.today)[1])
    return _off("budget", month.resets_at)


def _off(why: str, until: datetime | None = None, **values: str) -> GptState:
    if until:
        values["until"] = wording.moment(until)
    return GptState(False, why, gettext(f"admin.gpt.{why}", **values), until)
