"""The reference of a conversation, as it travels in a form: signed, so that nobody can guess or change it."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer


class References:
    """Signs and reads references."""

    def __init__(self, secret: str) -> None:
        """`secret`: SECRET_KEY, or the one kept in the store."""
        self._serializer = URLSafeSerializer(secret, salt="okichat.conversation")

    def sign(self, conversation: str) -> str:
        """The reference as a form carries it."""
        signed = self._serializer.dumps(conversation)
        return signed if isinstance(signed, str) else signed.decode()

    def read(self, signed: str | None) -> str | None:
        """The reference behind `signed`; None for none, and for one that we did not sign."""
        if not signed:
            return None
        try:
            conversation = self._serializer.loads(signed)
        except BadSignature:
            return None
        return conversation if isinstance(conversation, str) else None
