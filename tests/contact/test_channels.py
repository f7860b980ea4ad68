from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from okichat.contact import channels
from okichat.contact.channels import ChannelFailed, Letter, Mail, Webhook, channels_from
from okichat.settings import Settings
from tests.doubles.mail_host import MailHost
from tests.doubles.openai_addresses import bound_socket, port_of, tls_context
from tests.doubles.webhook import WebhookHost

LETTER = Letter(
    "okichat.ABCDEFGH",
    "Message de Zoé",
    "Ça va ?\n.\n<!channel> & co",
    datetime(2026, 11, 23, tzinfo=UTC),
    "zoe@exemple.fr",
)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    return tls_context(tmp_path, expired=False)


@pytest.fixture
def foreign_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "is_loopback", lambda _host: False)


def test_a_letter_arrives_by_mail_as_it_was_written(mail_host: MailHost) -> None:
    Mail(f"smtp://127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(LETTER)

    [mail] = mail_host.mails
    assert mail.get_content().rstrip("\r\n").splitlines() == ["Ça va ?", ".", "<!channel> & co"]
    assert {name: mail[name] for name in ("From", "To", "Subject", "Reply-To", "Message-ID", "Auto-Submitted")} == {
        "From": "cabinet@exemple.fr",
        "To": "cabinet@exemple.fr",
        "Subject": "Message de Zoé",
        "Reply-To": "zoe@exemple.fr",
        "Message-ID": "<okichat.ABCDEFGH@exemple.fr>",
        "Auto-Submitted": "auto-generated",
    }


@pytest.mark.parametrize("address", ["zoé@exemple.fr", "=?utf-8?q?a?=@exemple.fr", "a'b@exemple.fr"])
def test_a_strange_address_stays_out_of_the_headers(mail_host: MailHost, address: str) -> None:
    Mail(f"smtp://127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(
        Letter("id", f"Message de\r\nBcc: {address}", address, LETTER.written_at, address)
    )

    [mail] = mail_host.mails
    assert (mail["Reply-To"], mail["Bcc"]) == (None, None)
    assert mail.get_content().strip() == address


def test_the_login_of_the_address_is_used_and_is_the_sender(mail_host: MailHost) -> None:
    Mail(f"smtp://chat%40exemple.fr:p%40ss%2F@127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(LETTER)

    assert mail_host.logins == [("chat@exemple.fr", "p@ss/")]
    assert mail_host.envelopes == [("chat@exemple.fr", ["cabinet@exemple.fr"])]


def test_starttls_comes_before_the_password_and_the_letter(
    tls: ssl.SSLContext, tmp_path: Path, foreign_host: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "False.pem"))

    with MailHost(tls=tls) as host:
        Mail(f"smtp://user:secret@127.0.0.1:{host.port}", "cabinet@exemple.fr").send(LETTER)

    assert len(host.mails) == 1
    assert host.logins == [("user", "secret")]
    assert [line.split()[0].upper() for line in host.seen_in_the_clear] == ["EHLO", "STARTTLS"]


def test_smtps_is_encrypted_from_the_first_byte(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "False.pem"))

    with MailHost(tls=tls, encrypted=True) as host:
        Mail(f"smtps://127.0.0.1:{host.port}", "cabinet@exemple.fr").send(LETTER)

    assert (len(host.mails), host.seen_in_the_clear) == (1, [])


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_host_that_nobody_vouches_for_gets_neither_password_nor_letter(
    tls: ssl.SSLContext, foreign_host: None, scheme: str
) -> None:
    with MailHost(tls=tls, encrypted=scheme == "smtps") as host, pytest.raises(ChannelFailed) as failed:
        Mail(f"{scheme}://user:secret@127.0.0.1:{host.port}", "cabinet@exemple.fr").send(LETTER)

    assert failed.value.reason == "SSLCertVerificationError"
    assert (host.logins, host.mails) == ([], [])


def test_a_foreign_host_without_tls_gets_nothing(mail_host: MailHost, foreign_host: None) -> None:
    with pytest.raises(ChannelFailed) as failed:
        Mail(f"smtp://user:secret@127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(LETTER)

    assert failed.value.reason == "SMTPNotSupportedError"
    assert (mail_host.logins, mail_host.mails) == ([], [])


def test_a_refusal_of_the_host_is_told_without_what_it_quotes(mail_host: MailHost) -> None:
    with pytest.raises(ChannelFailed) as failed:
        Mail(f"smtp://user:wrong@127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(LETTER)

    assert (str(failed.value), failed.value.reason) == ("smtp_535", "smtp_535")


def test_a_password_that_smtp_cannot_carry_is_a_failure_like_any_other(mail_host: MailHost) -> None:
    with pytest.raises(ChannelFailed, match="UnicodeEncodeError"):
        Mail(f"smtp://user:%C3%A9@127.0.0.1:{mail_host.port}", "cabinet@exemple.fr").send(LETTER)


def test_a_host_that_is_away_is_a_failure_like_any_other() -> None:
    with bound_socket(listening=False) as closed:
        for channel in (
            Mail(f"smtp://127.0.0.1:{port_of(closed)}", "a@b.fr"),
            Webhook(f"http://127.0.0.1:{port_of(closed)}/x"),
        ):
            with pytest.raises(ChannelFailed, match="ConnectionRefusedError"):
                channel.send(LETTER)


def test_a_letter_is_posted_as_slack_reads_it_and_wakes_nobody(webhook_host: WebhookHost) -> None:
    Webhook(webhook_host.url).send(LETTER)

    assert webhook_host.posts == [{"text": "*Message de Zoé*\nÇa va ?\n.\n&lt;!channel&gt; &amp; co"}]
    assert webhook_host.paths == ["/services/T1?key=k"]


@pytest.mark.parametrize("status", [302, 307, 404, 410, 500])
def test_anything_but_a_success_is_a_failure_and_no_redirect_is_followed(
    webhook_host: WebhookHost, status: int
) -> None:
    webhook_host.statuses = [status]

    with pytest.raises(ChannelFailed, match=f"status_{status}"):
        Webhook(webhook_host.url).send(LETTER)

    assert len(webhook_host.paths) == 1


def test_mail_is_tried_before_the_webhook_and_needs_an_address_to_send_to() -> None:
    mail, hook = {"smtp_url": "smtp://mail.exemple.fr"}, {"alert_webhook": "https://hooks.exemple.fr/x"}

    def names(**settings: Any) -> list[str]:
        return [channel.name for channel in channels_from(Settings(**settings))]

    assert names() == []
    assert names(**mail) == []
    assert names(**hook) == ["webhook"]
    assert names(**mail, **hook, contact_email="a@b.fr") == ["mail", "webhook"]
    assert names(**mail, contact_to="a@b.fr") == ["mail"]
