"""Addresses at which no conversation begins: a closed port, a name that does not exist, TLS that cannot be trusted."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

ADDRESS_FAULTS = (
    "connection_refused",
    "unknown_host",
    "tls_on_plain_port",
    "plain_on_tls_port",
    "self_signed_certificate",
    "expired_certificate",
    "no_accept",
)

_AUTHORITY = """
[ca]
default_ca = double
[double]
database = {folder}/index.txt
rand_serial = yes
default_md = sha256
policy = anything
copy_extensions = copy
new_certs_dir = {folder}
[anything]
commonName = supplied
"""


def bound_socket(*, listening: bool) -> socket.socket:
    """A loopback port that is ours: connections to it are refused, or, `listening`, queue up and are never accepted."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    if listening:
        held.listen(0)
    return held


def port_of(held: socket.socket) -> int:
    """Its port."""
    port: int = held.getsockname()[1]
    return port


def tls_context(folder: Path, *, expired: bool) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1 that nobody vouches for, in date or long out of it.

    Needs the `openssl` command: a key pair in the repository would be taken for a leaked one."""
    key, request, certificate = (folder / f"{expired}.{kind}" for kind in ("key", "csr", "pem"))
    config = folder / "authority.cnf"
    config.write_text(_AUTHORITY.format(folder=folder))
    (folder / "index.txt").write_text("")
    _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1")  # fmt: skip
    _openssl("ca", "-config", config, "-batch", "-selfsign", "-keyfile", key, "-in", request, "-out", certificate, "-notext",
             "-startdate", "20200101000000Z", "-enddate", "20200201000000Z" if expired else "20990101000000Z")  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
