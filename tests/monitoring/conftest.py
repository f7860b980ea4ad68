"""Alerts on a real SQLite file and on a real Postgres, and the hosts they are sent to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.mail_host import MailHost
from tests.doubles.webhook import WebhookHost
from tests.money.conftest import store

__all__ = ["store"]


@pytest.fixture
def webhook_host() -> Iterator[WebhookHost]:
    with WebhookHost() as host:
        yield host


@pytest.fixture
def mail_host() -> Iterator[MailHost]:
    with MailHost() as host:
        yield host
