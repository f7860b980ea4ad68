"""The reference of a conversation, as it travels in a form: signed, so that nobody can guess or change it."""

from __future__ import annotations

import hmac
from typing import Any

from itsdangerous import BadSignature, HMACAlgorithm, Serializer, Signer, URLSafeSerializer
from itsdangerous.encoding import base64_encode

_SALT = "okichat.conversation"


class _Hmac(HMACAlgorithm):
    """With each key set up once. Unlike hmac.digest it goes on without letting another thread run first."""

    def __init__(self) -> None:
        super().__init__("sha1")
        self._set_up: dict[bytes, hmac.HMAC] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        if key not in self._set_up:
            self._set_up[key] = hmac.new(key, digestmod="sha1")
        signature = self._set_up[key].copy()
        signature.update(value)
        return signature.digest()


class _ShortSerializer(URLSafeSerializer):
    """The same without the try, at each signature, whether the text is shorter when compressed: a reference never is.

    Nor is the key derived anew each time."""

    def __init__(self, secret: str) -> None:
        derived = Signer(secret, salt=_SALT).derive_key()
        quick = {"key_derivation": "none", "algorithm": _Hmac()}
        super().__init__(derived, salt=_SALT, signer_kwargs=quick)
        self._signer = super().make_signer(_SALT)

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        return self._signer

    def dump_payload(self, obj: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj))


class References:
    """Signs and reads references."""

    def __init__(self, secret: str) -> None:
        """`secret`: SECRET_KEY, or the one kept in the store."""
        self._serializer = _ShortSerializer(secret)

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


def short_reference(conversation: str) -> str:
    """What a visitor can quote, e.g. "3F9A-1C2B": enough for the owner to find the conversation, and no key to it."""
    return f"{conversation[:4]}-{conversation[4:8]}".upper()
