"""Which host this is and what it allows, by the variables that it sets itself."""

from __future__ import annotations

from collections.abc import Mapping

from okichat.readers import A_SECRET
from okichat.settings import Settings

HEROKU, RAILWAY, VERCEL, RENDER, FLY = "Heroku", "Railway", "Vercel", "Render", "Fly.io"
DIGITALOCEAN = "DigitalOcean App Platform"
_BY_VARIABLE = {
    "DYNO": HEROKU,
    "VERCEL": VERCEL,
    "DIGITALOCEAN_APP_ID": DIGITALOCEAN,  # it sets nothing by itself: the deploy template binds this one
    "RAILWAY_PROJECT_ID": RAILWAY,
    "RENDER": RENDER,
    "FLY_APP_NAME": FLY,
}
_ADDRESSES = ("APP_URL", "APP_DOMAIN")  # DigitalOcean's own names for an app's address, where somebody has bound them


def host_of(environ: Mapping[str, str]) -> str | None:
    """The name of the host, None for a server of one's own and for hosts that nobody here knows."""
    for variable, name in _BY_VARIABLE.items():
        if environ.get(variable):
            return name
    on_its_domain = any("ondigitalocean.app" in environ.get(variable, "") for variable in _ADDRESSES)
    return DIGITALOCEAN if on_its_domain else None


def stops_threads(environ: Mapping[str, str]) -> bool:
    """Whether a thread lives no longer than the reply at hand: work beside the questions is then done after a reply."""
    return host_of(environ) == VERCEL


def missing_servers(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """What must be set on a host that runs as many processes as it likes and keeps no file; one line each, with the mend."""
    if host_of(environ) != VERCEL:
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
        missing.append(f"SECRET_KEY: Vercel runs any number of processes, which must share one; write {A_SECRET}")
    return missing
