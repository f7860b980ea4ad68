"""The two ways out of the house for a message: a mail host, and a webhook that understands Slack's JSON."""

from __future__ import annotations

import http.client
import json
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from okichat.readers import is_loopback
from okichat.settings import Settings

_TIMEOUT_S = 10.0
_PORTS = {"smtp": 587, "smtps": 465}
# An address that may stand in a header of ours. What a visitor typed may be valid and stranger: the text has it too.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+")

_MAX_ADDRESS_CHARS = 254


class ChannelFailed(Exception):
    """It could not be sent now. `reason` names the kind of fault and nothing that a visitor or an operator wrote."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent. `id` is the same each time it is sent again, so that mail programs can show it once."""

    id: str
    subject: str
    text: str
    written_at: datetime
    reply_to: str | None = None


class Channel(Protocol):
    """A way out."""

    name: str

    def send(self, letter: Letter) -> None:
        """Send it, within half a minute or so. Raises ChannelFailed."""


class Mail:
    """A mail host, always over TLS, but to this machine."""

    name = "mail"

    def __init__(self, url: str, to: str) -> None:
        """`url` as settings.smtp_url. The sender is the user of the mail host where that is an address, else `to`."""
        pieces = urlsplit(url)
        self._host = pieces.hostname or ""
        self._encrypted = pieces.scheme == "smtps"
        self._port = pieces.port or _PORTS[pieces.scheme]
        self._user = unquote(pieces.username or "")
        self._password = unquote(pieces.password or "")
        self._sender = self._user if _PLAIN_ADDRESS.fullmatch(self._user) else to
        self._to = to

    def send(self, letter: Letter) -> None:
        """Send it to the firm's mailbox. Raises ChannelFailed."""
        self.send_to(self._to, letter)

    def send_to(self, address: str, letter: Letter) -> None:
        """Send it to any mailbox. Raises ChannelFailed."""
        with _faults_translated(), self._connected() as server:
            server.send_message(self._written(address, letter))

    def _written(self, address: str, letter: Letter) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = address
        mail["Subject"] = " ".join(letter.subject.split())
        mail["Date"] = format_datetime(letter.written_at)
        mail["Message-ID"] = f"<{letter.id}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notices back
        if letter.reply_to and _PLAIN_ADDRESS.fullmatch(letter.reply_to):
            mail["Reply-To"] = letter.reply_to
        mail.set_content(letter.text)
        return mail

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        tls = ssl.create_default_context()
        if self._encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=tls)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
        with server:
            if not self._encrypted and not is_loopback(self._host):
                server.starttls(context=tls)
            if self._user:
                server.login(self._user, self._password)
            yield server


class Webhook:
    """A web address that takes `{"text": "…"}`: Slack, Mattermost, Rocket.Chat, Discord (with `/slack` behind it)."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        """`url` as settings.alert_webhook. Redirects are not followed: the text goes to this address or nowhere."""
        self._url = url

    def send(self, letter: Letter) -> None:
        """Post subject and text. Raises ChannelFailed."""
        self.post(f"*{escaped(letter.subject)}*\n{escaped(letter.text)}")

    def post(self, text: str) -> None:
        """Post a text in Slack's markup. Raises ChannelFailed."""
        pieces = urlsplit(self._url)
        path = f"{pieces.path or '/'}?{pieces.query}" if pieces.query else pieces.path or "/"
        body = json.dumps({"text": text}).encode()
        with _faults_translated():
            connect = http.client.HTTPSConnection if pieces.scheme == "https" else http.client.HTTPConnection
            connection = connect(pieces.hostname or "", pieces.port, timeout=_TIMEOUT_S)
            try:
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                status = connection.getresponse().status
            finally:
                connection.close()
        if not 200 <= status < 300:
            raise ChannelFailed(f"status_{status}")


def channels_from(settings: Settings) -> tuple[Channel, ...]:
    """The ways out that the operator has set, the one to try first first. None set: messages wait on the dashboard."""
    mail = mail_from(settings)
    webhook = Webhook(settings.alert_webhook) if settings.alert_webhook else None
    return tuple(channel for channel in (mail, webhook) if channel)


def mail_from(settings: Settings) -> Mail | None:
    """The mail host that the operator has set; None where none is set, or no mailbox of the firm."""
    to = settings.contact_to or settings.contact_email
    return Mail(settings.smtp_url, to) if settings.smtp_url and to else None


def is_plain_address(text: str) -> bool:
    """Whether a mail can be addressed to this."""
    return len(text) <= _MAX_ADDRESS_CHARS and _PLAIN_ADDRESS.fullmatch(text) is not None


def escaped(text: str) -> str:
    """Text as Slack's markup wants it, so that `<!channel>` in a visitor's words wakes nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@contextmanager
def _faults_translated() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise ChannelFailed(f"smtp_{error.smtp_code}") from error
    except (smtplib.SMTPException, http.client.HTTPException, OSError, UnicodeError) as error:
        raise ChannelFailed(type(error).__name__) from error
