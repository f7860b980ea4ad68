"""The owner's sign-in: one password, and a signed cookie that says until when it holds."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from flask import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from okichat.clock import Clock

COOKIE = "okichat_admin"
LIFETIME = timedelta(hours=12)
_PATH = "/admin"


class Sessions:
    """Checks the password and the cookie. Another SECRET_KEY or another password signs everybody out."""

    def __init__(self, secret: str, password: str | None, clock: Clock) -> None:
        """`password` None: nobody can sign in."""
        self._password = password
        self._clock = clock
        key = hmac.digest(secret.encode(), (password or "").encode(), "sha256").hex()
        self._serializer = URLSafeSerializer(key, salt="okichat.admin")

    def accepts(self, password: str) -> bool:
        """Whether this is the password; takes as long for a wrong one, however much of it is right."""
        known, given = (
            hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (self._password or "", password)
        )
        return hmac.compare_digest(known, given) and self._password is not None

    def begin(self, request: Request, response: Response) -> None:
        """Give the browser a cookie for twelve hours."""
        until = self._clock.now() + LIFETIME
        response.set_cookie(
            COOKIE,
            str(self._serializer.dumps(int(until.timestamp()))),
            max_age=LIFETIME,
            path=request.root_path + _PATH,
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )

    def end(self, request: Request, response: Response) -> None:
        """Take it back."""
        response.delete_cookie(COOKIE, path=request.root_path + _PATH, httponly=True, samesite="Strict")

    def holds(self, request: Request) -> bool:
        """Whether this request comes from somebody who has signed in less than twelve hours ago."""
        try:
            until = self._serializer.loads(request.cookies.get(COOKIE, ""))
        except BadSignature:
            return False
        return self._password is not None and isinstance(until, int) and self._clock.now().timestamp() < until
