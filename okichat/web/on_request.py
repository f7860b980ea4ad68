"""Exports and erasures that visitors ask the firm for, as the dashboard and the command line do them."""

from __future__ import annotations

from okichat.monitoring.audit import Audit
from okichat.privacy.by_reference import ByReference
from okichat.web.parts import Parts


def by_reference(parts: Parts) -> ByReference:
    """What exports and erases by reference, with an entry in the audit for each."""
    audit = Audit(parts.store, parts.clock)
    return ByReference(parts.store, parts.turns, parts.questions, parts.messages, parts.references, audit)
