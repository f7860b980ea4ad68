"""How gunicorn serves Okichat, on every host; `gunicorn wsgi:app` finds this file by itself."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import sys
from types import TracebackType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from okichat.errors import OkichatError, SettingsError
from okichat.settings import load_settings


class LeavingWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Takes what has already come when it has to stop, and then closes the port.

    gunicorn's own leaves the port open and takes nothing: whoever comes while the last answers are finished would wait for
    all of them, and then be cut off. A closed port sends a proxy to the next instance at once."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Called with False when the worker begins to stop, or has as many connections as it may have."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            waiting = select.poll()
            waiting.register(listener.fileno(), select.POLLIN)
            while waiting.poll(0):
                self.accept(listener)
            listener.close()


def explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What stops the start on purpose is said in its own lines; anything else keeps its traceback."""
    if isinstance(error, OkichatError):
        print(error, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = explain  # for what create_app raises: with preload_app it runs in this process
try:
    settings = load_settings()
except SettingsError as mistakes:  # gunicorn would print a traceback before the hook above is asked
    sys.exit(str(mistakes))

# Hosts say by PORT that they expect the app on every address; without it only this machine is served.
host = settings.host or ("0.0.0.0" if os.environ.get("PORT") else "127.0.0.1")
bind = [f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"]

worker_class = LeavingWorker
threads = settings.threads
worker_connections = settings.threads + 1000  # those beyond the threads wait, or are kept open by browsers
workers = settings.web_concurrency
preload_app = True  # a mistake stops the start once instead of in every worker, and the workers share memory

graceful_timeout = 25  # hosts kill 30 s after SIGTERM
keepalive = 75  # longer than proxies keep their side open (60 s), so that none sends into a closed connection
max_requests = 0  # a restarted process would forget the counts of a limit kept in memory
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a heartbeat on a slow disk can stall a worker
control_socket_disable = True
limit_request_fields = 64
# For `--access-logfile -`; the default format would write addresses and query strings.
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


def nworkers_changed(server: Any, new_value: int, _old_value: int | None) -> None:
    """Without Redis the limit of questions is kept in memory: it is exact in one process, whatever asks for more.

    gunicorn calls this for the command line, WEB_CONCURRENCY, SIGHUP and SIGTTIN alike."""
    if settings.redis_url or new_value <= 1:
        return
    server.log.warning(
        "%s processes asked for, 1 runs: more need REDIS_URL, to share the limit of questions.", new_value
    )
    server.cfg.set("workers", 1)
    server.num_workers = 1


def when_ready(server: Any) -> None:
    """A client that stops sending or reading in mid-request is dropped after a while: its thread is another visitor's.

    gunicorn has no setting for it; every connection inherits these from the port it came in by."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 20, 0))


def post_worker_init(worker: Any) -> None:
    """Open what is slow to open before the first visitor needs it; threads do not survive the fork."""
    parts = worker.wsgi.extensions["okichat"]
    parts.upkeep.start()
    stop: Any = signal.getsignal(signal.SIGTERM)

    def finish(number: int, frame: Any) -> None:
        """Whoever waits for a slow model is answered by the knowledge base before the host loses its patience."""
        parts.gpt.end_within(worker.cfg.graceful_timeout * 0.8)
        stop(number, frame)

    signal.signal(signal.SIGTERM, finish)
