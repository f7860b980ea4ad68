from __future__ import annotations

import pytest

from okichat.errors import SettingsError
from okichat.settings import Settings

WEBHOOKS = ("https://hooks.exemple.fr/T/x", "http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9/x")
NO_WEBHOOKS = (
    "http://hooks.exemple.fr/T/x",
    "hooks.exemple.fr",
    "https://",
    "https://a:b:c/",
    "ftp://exemple.fr",
    "http://127.0.0.1.exemple.fr/",
)
MAIL_HOSTS = ("smtp://mail.exemple.fr", "smtp://a%40b.fr:p%2F@mail.exemple.fr:587", "smtps://mail.exemple.fr:465/")
NO_MAIL_HOSTS = (
    "mail.exemple.fr",
    "https://mail.exemple.fr",
    "smtp://",
    "smtp://mail.exemple.fr:port",
    "smtp://a:p/w@mail.exemple.fr",
)


def mistakes(**environ: str) -> str:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_environment(environ)
    return str(wrong.value)


@pytest.mark.parametrize("address", WEBHOOKS)
def test_a_webhook_is_taken_over_tls_or_on_this_machine(address: str) -> None:
    assert Settings.from_environment({"OKICHAT_ALERT_WEBHOOK": address}).alert_webhook == address


@pytest.mark.parametrize("address", NO_WEBHOOKS)
def test_any_other_webhook_is_a_mistake_that_is_not_printed(address: str) -> None:
    said = mistakes(OKICHAT_ALERT_WEBHOOK=address)

    assert said.startswith("OKICHAT_ALERT_WEBHOOK: ")
    assert address not in said.removesuffix("https://")


@pytest.mark.parametrize("address", MAIL_HOSTS)
def test_a_mail_host_is_taken_with_and_without_a_login(address: str) -> None:
    assert Settings.from_environment({"OKICHAT_SMTP_URL": address}).smtp_url == address


@pytest.mark.parametrize("address", NO_MAIL_HOSTS)
def test_any_other_mail_host_is_a_mistake_with_its_mend(address: str) -> None:
    assert "smtp://user:password@host:587" in mistakes(OKICHAT_SMTP_URL=address)


def test_neither_address_shows_in_the_settings_printed() -> None:
    shown = repr(Settings(alert_webhook=WEBHOOKS[0], smtp_url=MAIL_HOSTS[1]))

    assert "hooks.exemple.fr" not in shown
    assert "mail.exemple.fr" not in shown
