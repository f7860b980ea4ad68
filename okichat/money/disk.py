"""Hosts that forget their disk: a ledger kept there would begin each day with a full budget, so GPT stays off on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from okichat.hosts import DIGITALOCEAN, HEROKU, RAILWAY, VERCEL, host_of
from okichat.settings import Settings

_ADD_POSTGRES = {
    HEROKU: "run `heroku addons:create heroku-postgresql:essential-0`, which sets DATABASE_URL",
    DIGITALOCEAN: "add a database component to the app and bind DATABASE_URL to ${<its name>.DATABASE_URL}",
    VERCEL: "add a Postgres database under Storage and connect it to the project, which sets DATABASE_URL",
    RAILWAY: "mount a volume at the folder of the SQLite file, or add Postgres and DATABASE_URL=${{Postgres.DATABASE_URL}}",
}


def ephemeral_host(environ: Mapping[str, str]) -> str | None:
    """The name of the host if it is one that forgets its disk, by the variables that it sets itself."""
    host = host_of(environ)
    keeps_a_volume = host == RAILWAY and environ.get("RAILWAY_VOLUME_MOUNT_PATH")
    return host if host in _ADD_POSTGRES and not keeps_a_volume else None


def why_gpt_stays_off(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The sentence for the operator if GPT must stay off because the ledger would be forgotten, None if it need not."""
    if not settings.openai_api_key or settings.allow_ephemeral_ledger:
        return None
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return None
    host = ephemeral_host(environ)
    volume = environ.get("RAILWAY_VOLUME_MOUNT_PATH")
    if host is None and volume and not Path(url.database or "").resolve().is_relative_to(volume):
        host = RAILWAY
    if host is None:
        return None
    return (
        f"GPT stays off: {host} forgets the SQLite file at every restart, and with it what was spent this month, so the budget "
        f"could not be kept. To mend it, {_ADD_POSTGRES[host]}. OKICHAT_ALLOW_EPHEMERAL_LEDGER=1 lets GPT answer all the same."
    )
