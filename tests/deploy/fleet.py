"""Several instances of Okichat behind Debian's nginx with the site's own file, with one Postgres and one Redis."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.gunicorn_app import GunicornApp, gunicorn_app
from tests.served import ROOT, free_port
from tests.servers import ServerMissing, postgres_server, redis_server

_SITE = ROOT / "deploy" / "nginx" / "okichat.conf"
_START_S = 30.0


@dataclass(frozen=True)
class Fleet:
    """`port` is nginx's. The instances share what the URLs name."""

    port: int
    apps: tuple[GunicornApp, ...]
    database_url: str
    redis_url: str

    def restart(self, app: GunicornApp) -> None:
        """As a host replaces an instance: SIGTERM, wait, start. The others serve meanwhile."""
        app.terminate()
        app.wait(40)
        app.start()


@contextmanager
def fleet(count: int = 3, **settings: str) -> Iterator[Fleet]:
    """Raises ServerMissing."""
    with ExitStack() as stack:
        postgres, redis = stack.enter_context(postgres_server()), stack.enter_context(redis_server())
        shared = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "OKICHAT_TRUSTED_HOPS": "1",
            "OKICHAT_THREADS": "32",
            **settings,
        }
        apps = [stack.enter_context(gunicorn_app(starts=False, **shared)) for _ in range(count)]
        for app in apps:
            app.start()
        port = stack.enter_context(nginx([app.port for app in apps]))
        yield Fleet(port, tuple(apps), postgres.url, redis.url)


@contextmanager
def nginx(instances: Sequence[int]) -> Iterator[int]:
    """nginx with deploy/nginx/okichat.conf, before the instances on these ports; gives its own port. Raises ServerMissing."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise ServerMissing("nginx is not installed: apt-get install nginx-light")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="okichat-nginx-") as folder:
        process = _start(program, Path(folder), _site(port, instances))
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _site(port: int, instances: Sequence[int]) -> str:
    """The shipped file, with nothing changed but the ports."""
    site = _SITE.read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
    servers = "".join(f"    server 127.0.0.1:{instance} max_fails=0;\n" for instance in instances)
    first = re.search(r"(    server 127\.0\.0\.1:800\d max_fails=0;.*\n)+", site)
    assert first, "the file of the site names its instances otherwise than here"
    return site.replace(first[0], servers)


def _start(program: str, folder: Path, site: str) -> subprocess.Popen[bytes]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    lines = [
        "user root;" if os.geteuid() == 0 else "",
        f"pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;",
        "events { worker_connections 512; }",
        "http { access_log off;",
        *(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
        site,
        "}",
    ]
    (folder / "nginx.conf").write_text("\n".join(lines))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx did not start")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one visitor got: status 0 where the connection broke, and the JSON of the answer where there is one."""

    status: int
    answer: dict[str, Any]


def ask(port: int, question: str, visitor: int = 1, *, streamed: bool = False) -> Heard:
    """One question to the API; each `visitor` has an address of its own."""
    source = (f"127.0.{visitor // 250}.{visitor % 250 + 2}", 0)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=source)
    accept = "text/event-stream" if streamed else "application/json"
    with suppress(OSError, http.client.HTTPException):
        try:
            body = json.dumps({"question": question})
            connection.request("POST", "/api/chat", body, {"Content-Type": "application/json", "Accept": accept})
            response = connection.getresponse()
            return Heard(response.status, _answer(response.read().decode(), streamed))
        finally:
            connection.close()
    return Heard(0, {})


def _answer(body: str, streamed: bool) -> dict[str, Any]:
    if not streamed:
        whole: dict[str, Any] = json.loads(body)
        return whole
    found = re.findall(r"^event: answer\ndata: (.*)$", body, re.MULTILINE)
    last: dict[str, Any] = json.loads(found[0]) if len(found) == 1 else {}
    return last
