"""The spans of days that screens show, and which one is asked for."""

from __future__ import annotations

from flask import request

from okichat.monitoring.summary import PREPARED_DAYS

PERIODS = (1, *PREPARED_DAYS)


def asked_period() -> int:
    """One of PERIODS: `?days`, else today."""
    asked = request.args.get("days", "")
    return int(asked) if asked in map(str, PERIODS) else PERIODS[0]
