"""Tells Sentry of defects of ours: what kind of error and where in the code, and nothing of the visitor who met it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from okichat import __version__
from okichat.monitoring.journal import Journal
from okichat.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_KEPT = ("event_id", "timestamp", "level", "platform", "release", "sdk")
_KEPT_OF_FRAME = ("filename", "function", "module", "lineno", "in_app")
_LONGEST_WAIT_AT_END_S = 2.0


def open_sentry(settings: Settings, journal: Journal) -> None:
    """Tell Sentry of every crash the journal hears of, where the settings name a project; the journal tells what hinders it.

    A client of its own, without the integrations: they would collect requests, logs and queries for it."""
    if settings.sentry_dsn is None:
        return
    try:
        import sentry_sdk
        from sentry_sdk.utils import BadDsn, event_from_exception
    except ImportError:
        journal.event("sentry_missing", detail="SENTRY_DSN is set: run `pip install sentry-sdk`, or unset it")
        return
    try:
        client = sentry_sdk.Client(
            dsn=settings.sentry_dsn,
            release=f"okichat@{__version__}",
            server_name="",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            include_local_variables=False,
            include_source_context=False,
            shutdown_timeout=_LONGEST_WAIT_AT_END_S,
            before_send=_without_words,
        )
    except BadDsn:
        journal.event(
            "sentry_missing", detail="SENTRY_DSN is no address of a Sentry project, such as https://key@host/1"
        )
        return

    def report(error: BaseException) -> None:
        event, hint = event_from_exception(error, client_options=client.options)
        client.capture_event(event, hint)

    journal.on_crash(report)


def _without_words(event: Event, _hint: Hint) -> Event:
    """Only what is known to be ours: an error's text may quote a visitor, a path names the machine."""
    kept: Any = {name: event[name] for name in _KEPT if name in event}  # type: ignore[literal-required]
    errors = event.get("exception", {}).get("values", [])
    kept["exception"] = {"values": [_error_without_words(error) for error in errors]}
    return kept  # type: ignore[no-any-return]


def _error_without_words(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", [])
    plain = [{name: frame[name] for name in _KEPT_OF_FRAME if name in frame} for frame in frames]
    return {"type": error.get("type"), "module": error.get("module"), "stacktrace": {"frames": plain}}
