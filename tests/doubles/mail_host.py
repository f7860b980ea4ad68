"""A mail host on the loopback: as much SMTP as a client uses, with TLS and a login, and faults on demand."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Self, cast


@dataclass
class MailHost:
    """A context manager. `mails` has what arrived. `refusal` is the reply to every further sender, e.g. "451 later".

    tls        a server's context: STARTTLS is offered, or TLS spoken from the start where `encrypted`
    """

    tls: ssl.SSLContext | None = None
    encrypted: bool = False
    refusal: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    seen_in_the_clear: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.host = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Refuse every further connection."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    host: MailHost
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, e.g. over a certificate, is no fault of the host."""


class _Session(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        self.host = cast(_Server, self.server).host
        self.is_encrypted = False
        if self.host.tls and self.host.encrypted:
            self._encrypt(self.host.tls)
        self._say("220 mail.test ready")
        self.sender, self.recipients = "", []  # type: str, list[str]
        while line := self.rfile.readline():
            if not self.is_encrypted:
                self.host.seen_in_the_clear.append(line.decode().strip())
            verb, _, rest = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            self._obey(verb.upper(), rest)

    def _obey(self, verb: str, rest: str) -> None:
        if verb == "EHLO":
            offers = ["STARTTLS"] if self.host.tls and not self.is_encrypted else ["AUTH PLAIN"]
            self._say("\r\n".join(["250-mail.test", *(f"250-{offer}" for offer in offers), "250 SIZE 1000000"]))
        elif verb == "STARTTLS" and self.host.tls:
            self._say("220 go on")
            self._encrypt(self.host.tls)
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
            self.host.logins.append((user, password))
            self._say("235 welcome" if password != "wrong" else f"535 {user} is not welcome with {password}")
        elif verb == "MAIL" and self.host.refusal:
            self._say(self.host.refusal)
        elif verb == "DATA":
            self._say("354 go on")
            self._take_mail()
            self._say("250 taken")
        elif verb in ("MAIL", "RCPT", "RSET", "NOOP"):
            address = rest.partition("<")[2].partition(">")[0]
            self.sender = address if verb == "MAIL" else self.sender
            self.recipients = [*self.recipients, address] if verb == "RCPT" else self.recipients
            self._say("250 ok")
        else:
            self._say("502 unknown")

    def _take_mail(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.host.envelopes.append((self.sender, self.recipients))
        self.host.mails.append(mail)
        self.host.arrived.set()

    def _encrypt(self, tls: ssl.SSLContext) -> None:
        self.request = self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.is_encrypted = True

    def _say(self, line: str) -> None:
        self.connection.sendall(f"{line}\r\n".encode())
