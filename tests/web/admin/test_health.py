"""What holds on this host, the settings in force, and whether alerts arrive."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.doubles.clock import StoppedClock
from tests.doubles.webhook import WebhookHost
from tests.site import Site
from tests.waiting import PATIENCE_S
from tests.web.admin.dashboard import PASSWORD, page, sign_in


def test_health_shows_settings_without_their_secrets_and_sends_a_test_alert(
    open_site: Callable[..., Site], clock: StoppedClock
) -> None:
    with WebhookHost() as host:
        site = open_site(
            clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OPENAI_API_KEY="sk-secret-key", OKICHAT_ALERT_WEBHOOK=host.url
        )
        sign_in(site)
        shown = page(site, "/admin/health")

        tried = site.client.post("/admin/health").get_data(as_text=True)

        assert host.arrived.wait(PATIENCE_S)
    assert "Webhook" in tried
    assert "envoyée" in tried
    assert "OKICHAT_ADMIN_PASSWORD" in shown
    for secret in (PASSWORD, "sk-secret-key", host.url, "sqlite:///"):
        assert secret not in shown
    assert "gpt-6-luna" in shown


@pytest.mark.parametrize(
    ("hops", "forwarded", "state"),
    [
        ("0", None, "ok"),
        ("0", "203.0.113.5", "error"),
        ("1", "203.0.113.5", "ok"),
        ("2", "203.0.113.5", "error"),
    ],
)
def test_health_tells_whether_visitors_addresses_can_be_believed(
    open_site: Callable[..., Site], hops: str, forwarded: str | None, state: str
) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_TRUSTED_HOPS=hops)
    sign_in(site)

    text = site.client.get("/admin/health", headers={"X-Forwarded-For": forwarded} if forwarded else {}).get_data(True)

    assert re.search(rf'check-{state}"><strong>Adresses des visiteurs', text)


def test_a_redis_that_is_away_is_told(open_site: Callable[..., Site]) -> None:
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, REDIS_URL="redis://127.0.0.1:9/0")
    sign_in(site)

    assert 'check-error"><strong>Limite par visiteur' in page(site, "/admin/health")
