"""The month of the budget: which one it is, how much of it a day may use, when the money will end."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from okichat.money.ledger import Balance


@dataclass(frozen=True, slots=True)
class MonthSummary:
    """One month's money, in millionths of a US dollar, as it stood when it was asked for.

    month           "2026-11"
    left_microusd   neither spent nor reserved; never below 0
    today_microusd  what may still be used today; with OKICHAT_DAILY_SHARE less than what is left
    resets_at       when the next month begins, UTC
    share           spent and reserved, as a share of the budget; 1.0 for a budget of 0
    ends_on         the day on which the money will be used up at this month's pace, None if it lasts
    crossed         which of 50, 80 and 100 percent have been reached, for alerts. 100 means that a call has been refused
                    and would be again: the last cents are nearly always too few for one
    """

    month: str
    budget_microusd: int
    spent_microusd: int
    reserved_microusd: int
    left_microusd: int
    today_microusd: int
    resets_at: datetime
    share: float
    ends_on: date | None
    crossed: tuple[int, ...]


def summary_of(
    balance: Balance, budget_microusd: int, limit_today_microusd: int, now: datetime, timezone: str
) -> MonthSummary:
    """The figures of a balance; `limit_today_microusd` is how much of the budget may be used by the end of today."""
    used, spent = balance.used_microusd, balance.spent_microusd
    return MonthSummary(
        month=balance.month,
        budget_microusd=budget_microusd,
        spent_microusd=spent,
        reserved_microusd=balance.reserved_microusd,
        left_microusd=max(budget_microusd - used, 0),
        today_microusd=max(limit_today_microusd - used, 0),
        resets_at=next_month_begins(balance.month, timezone),
        share=used / budget_microusd if budget_microusd else 1.0,
        ends_on=ends_on(spent, budget_microusd, day_in(balance.month, now, timezone)),
        crossed=crossed(spent, budget_microusd, balance.refused_microusd),
    )


def month_of(moment: datetime, timezone: str) -> str:
    """The calendar month of a moment, e.g. "2026-11"."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m")


def day_in(month: str, moment: datetime, timezone: str) -> date:
    """The day of a moment; the first of `month` where the moment lies before it, because the clock has gone back."""
    first = date.fromisoformat(f"{month}-01")
    return max(moment.astimezone(ZoneInfo(timezone)).date(), first)


def next_month_begins(month: str, timezone: str) -> datetime:
    """The first moment after a month, UTC."""
    last = _last_day(date.fromisoformat(f"{month}-01"))
    return datetime.combine(last + timedelta(days=1), time(), ZoneInfo(timezone)).astimezone(UTC)


def allowed_microusd(budget_microusd: int, day: date, *, by_day: bool) -> int:
    """How much of the month's budget may be used up to the end of a day: all, or an equal share for each day so far."""
    return budget_microusd * day.day // _last_day(day).day if by_day else budget_microusd


def ends_on(spent_microusd: int, budget_microusd: int, day: date) -> date | None:
    """The day on which the budget is used up if the rest of the month goes like the days so far, None if it lasts."""
    if spent_microusd >= budget_microusd:
        return day
    if spent_microusd <= 0:
        return None
    days_enough = -(-budget_microusd * day.day // spent_microusd)  # rounded up: the day on which the last cent goes
    return day.replace(day=days_enough) if days_enough <= _last_day(day).day else None


def crossed(spent_microusd: int, budget_microusd: int, refused_microusd: int | None) -> tuple[int, ...]:
    """Which of 50, 80 and 100 percent have been reached; see MonthSummary. None of a budget of 0: it is no news."""
    if budget_microusd == 0:
        return ()
    exhausted = spent_microusd >= budget_microusd or (
        refused_microusd is not None and spent_microusd + refused_microusd > budget_microusd
    )
    reached = [percent for percent in (50, 80) if exhausted or spent_microusd * 100 >= budget_microusd * percent]
    return (*reached, 100) if exhausted else tuple(reached)


def _last_day(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
