"""What the host allows, by the variables that it sets itself."""

from __future__ import annotations

from collections.abc import Mapping

from okichat.readers import A_SECRET
from okichat.settings import Settings


def stops_threads(environ: Mapping[str, str]) -> bool:
    """Whether a thread lives no longer than the reply at hand: work beside the questions is then done after a reply."""
    return bool(environ.get("VERCEL"))


def missing_servers(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """What must be set on a host that runs as many processes as it likes and keeps no file; one line each, with the mend."""
    if not environ.get("VERCEL"):
        return []
    missing = []
    if settings.database_url.startswith("sqlite"):
        missing.append(
            "DATABASE_URL: Vercel keeps no file, so it must be a Postgres database; connect one to the project under Storage"
        )
    if not settings.redis_url:
        missing.append(
            "REDIS_URL: Vercel runs any number of processes, which share the limit of questions in Redis; "
            "connect one to the project under Storage"
        )
    if not settings.secret_key:
        missing.append(f"SECRET_KEY: Vercel runs any number of processes, which must share one; {A_SECRET}")
    return missing
