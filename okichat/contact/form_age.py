"""How long a form was on the screen: signed into the form, so that nothing is kept for it and no puzzle is needed."""

from __future__ import annotations

from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from okichat.clock import Clock

_LEAST = timedelta(seconds=2)  # nobody reads and fills in a form sooner
_MOST = timedelta(days=2)


class FormAges:
    """Stamps forms, and reads the stamps again."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """`secret`: SECRET_KEY, or the one kept in the store."""
        self._serializer = URLSafeSerializer(secret, salt="okichat.form")
        self._clock = clock

    def stamp(self) -> str:
        """The present moment, signed, for a hidden field."""
        signed = self._serializer.dumps(int(self._clock.now().timestamp()))
        return signed if isinstance(signed, str) else signed.decode()

    def is_plausible(self, stamp: str | None) -> bool:
        """Whether a person can have filled in the form since then; not for a stamp that is missing, forged or days old."""
        try:
            opened_at = self._serializer.loads(stamp or "")
        except BadSignature:
            return False
        age_s = self._clock.now().timestamp() - opened_at if isinstance(opened_at, int) else -1
        return _LEAST.total_seconds() <= age_s <= _MOST.total_seconds()
