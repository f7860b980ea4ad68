"""How gunicorn serves Okichat, on every host; `gunicorn wsgi:app` finds this file by itself."""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
import struct
import sys
import time
from functools import partial
from types import TracebackType
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from okichat.errors import OkichatError, SettingsError
from okichat.settings import load_settings

gc.disable()  # what a start makes stays: looking through it for garbage takes a tenth of the start; see pre_fork
reading_s = 30  # for a whole request: the longest message takes half of it on the slowest line


class Connection(TConn):  # type: ignore[misc] # gunicorn has no types
    """Each of its requests has to be there in time: who sends a byte now and then would keep a thread for hours."""

    def init(self) -> None:
        """Called before each request is read."""
        super().init()
        if (reader := getattr(self.parser, "unreader", None)) is not None:  # HTTP/2, which is off, has none
            reader.chunk = partial(read_by, time.monotonic() + reading_s, reader)

    def close(self, graceful: bool = False) -> None:
        """Once is enough: see LeavingWorker.handle."""
        if self.sock.fileno() >= 0:
            super().close(graceful)


def read_by(end_s: float, reader: Any, size_hint: int | None = None) -> bytes:
    """The next bytes of a request. Who is too late has hung up, for gunicorn and the application alike."""
    if time.monotonic() > end_s:
        raise ConnectionResetError(errno.ECONNRESET, "the request came too slowly")
    try:
        piece: bytes = type(reader).chunk(reader, size_hint)
    except BlockingIOError as stalled:  # see when_ready
        raise ConnectionResetError(errno.ECONNRESET, "the request stopped half-way") from stalled
    return piece


class LeavingWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Takes what has already come when it has to stop, and then closes the port.

    gunicorn's own leaves the port open and takes nothing: whoever comes while the last answers are finished would wait for
    all of them, and then be cut off. A closed port sends a proxy to the next instance at once."""

    def enqueue_req(self, conn: TConn) -> None:
        """Called with every connection that has a request, or is new."""
        is_new = not isinstance(conn, Connection)
        super().enqueue_req(Connection(conn.cfg, conn.sock, conn.client, conn.server) if is_new else conn)

    def handle(self, conn: Connection) -> Any:
        """Called in a thread; what it gives back is false where the connection ends.

        gunicorn then waits up to two seconds for the client to hang up, and its loop, on which everybody depends, with it:
        two dozen clients that did not kept the next visitor waiting for 42 seconds. Here one thread waits."""
        goes_on = super().handle(conn)
        if not goes_on:
            conn.close(graceful=True)
        return goes_on

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


def pre_fork(server: Any, _worker: Any) -> None:
    """With a model to ask, its client is opened before the first page, so that nobody's first answer waits for that.

    What is there then stays, and is never looked through for garbage again: its memory stays shared by the processes."""
    parts = server.app.wsgi().extensions["okichat"]
    if parts.gpt.stays_off is None:
        parts.upkeep.open()
    gc.freeze()
    gc.enable()


def worker_exit(_server: Any, worker: Any) -> None:
    """An orderly end: a message that is being sent right now is noted as sent, and no server is left with a cut connection."""
    if worker.booted:  # else there is no app, or this is the arbiter, which has found the worker dead
        worker.wsgi.extensions["okichat"].close(timeout_s=2.0)


def post_worker_init(worker: Any) -> None:
    """Open what is slow to open before the first visitor needs it; threads do not survive the fork."""
    parts = worker.wsgi.extensions["okichat"]
    gc.disable()
    parts.upkeep.also_at_start(gc.freeze)
    parts.upkeep.also_at_start(gc.enable)
    parts.upkeep.start()
    stop: Any = signal.getsignal(signal.SIGTERM)

    def finish(number: int, frame: Any) -> None:
        """Whoever waits for a slow model is answered by the knowledge base before the host loses its patience."""
        parts.gpt.end_within(worker.cfg.graceful_timeout * 0.8)
        stop(number, frame)

    signal.signal(signal.SIGTERM, finish)
