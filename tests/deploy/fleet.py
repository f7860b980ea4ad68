"""Several instances of Okichat behind Debian's nginx with the site's own file, with one Postgres and one Redis."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from okichat.storage.engine import Store
from okichat.storage.schema import migrate
from tests.doubles.openai_server import OpenAIServer
from tests.faults.gunicorn_app import GunicornApp, gunicorn_app
from tests.ports import free_port, wait_until_listening
from tests.served import ROOT, clean_environment
from tests.servers import ServerMissing, postgres_server, redis_server

_SITE = ROOT / "deploy" / "nginx" / "okichat.conf"
_COMMAND_S = 120


@dataclass(frozen=True)
class Fleet:
    """`port` is nginx's. The instances share what the URLs name."""

    port: int
    apps: tuple[GunicornApp, ...]
    settings: Mapping[str, str]

    @property
    def database_url(self) -> str:
        """The Postgres of all instances."""
        return self.settings["DATABASE_URL"]

    def restart(self, app: GunicornApp) -> None:
        """As a host replaces an instance: SIGTERM, wait, start. The others serve meanwhile."""
        app.terminate()
        app.wait(40)
        app.start()

    def command(self, *words: str) -> str:
        """What `flask --app wsgi okichat ...` says on one more machine that is set as the instances are."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "okichat", *words],
            cwd=ROOT,
            env=clean_environment(OPENAI_API_KEY="sk-fault-suite", **self.settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def one_more(self, **changed: str) -> Iterator[GunicornApp]:
        """An instance that nginx does not know, with some settings changed."""
        with gunicorn_app(starts=True, **{**self.settings, **changed}) as app:
            yield app


@contextmanager
def fleet(count: int, past: Callable[[Store], object], **settings: str) -> Iterator[Fleet]:
    """All instances start at once, on a database to which `past` has given something before. Raises ServerMissing."""
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
        store = Store(postgres.url)
        stack.callback(store.close)
        migrate(store)
        past(store)
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(GunicornApp.start, apps))
        port = stack.enter_context(nginx([app.port for app in apps]))
        yield Fleet(port, tuple(apps), shared)


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
            wait_until_listening(port, process)
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
            return Heard(response.status, answer_in(response.read().decode(), streamed))
        finally:
            connection.close()
    return Heard(0, {})


def stream_past_a_gate(port: int, question: str, model: OpenAIServer, **headers: str) -> str:
    """The stream of an answer whose model says nothing before the visitor has got something.

    It is an answer by GPT, in many pieces, only where nothing on the way holds the stream back."""
    gate = threading.Event()
    model.reply(gate=gate, token_delay_s=0.02)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        wanted = {"Content-Type": "application/json", "Accept": "text/event-stream", **headers}
        connection.request("POST", "/api/chat", json.dumps({"question": question}), wanted)
        response = connection.getresponse()
        first = response.readline()
        gate.set()
        return (first + response.read()).decode()


def answer_in(body: str, streamed: bool) -> dict[str, Any]:
    """The answer that a reply of the API ends with; empty where it does not."""
    if not streamed:
        whole: dict[str, Any] = json.loads(body)
        return whole
    found = re.findall(r"^event: answer\ndata: (.*)$", body, re.MULTILINE)
    last: dict[str, Any] = json.loads(found[0]) if len(found) == 1 else {}
    return last
