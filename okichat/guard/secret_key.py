"""The key that signs references and sign-ins, and names visitors."""

from __future__ import annotations

import secrets

from okichat.errors import StoreUnavailable
from okichat.monitoring.journal import Journal
from okichat.settings import Settings
from okichat.storage.engine import Store
from okichat.storage.facts import Facts


def secret_key(settings: Settings, store: Store, journal: Journal) -> str:
    """SECRET_KEY. Unset: made once and kept in the store, so that a restart ends no conversation."""
    if settings.secret_key:
        return settings.secret_key
    try:
        return Facts(store).remember("secret_key", secrets.token_hex(32))
    except StoreUnavailable:
        journal.event("secret_key_not_kept")
        return secrets.token_hex(32)
