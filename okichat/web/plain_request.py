"""Requests whose bodies are whole, and whose forms are UTF-8; others are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class PlainRequest(Request):
    """Werkzeug cuts a body without a length off, drops a form with stray bytes, or shows them as `%E9`: then other words
    would be answered than were asked."""

    def get_data(self, cache: bool = True, *how: Any, **more: Any) -> Any:
        """The body. Raises RequestEntityTooLarge, also for one that came in pieces."""
        body = super().get_data(cache, *how, **more)
        most = self.max_content_length
        if (
            self.content_length is None
            and most is not None
            and len(body) >= most
            and self.environ["wsgi.input"].read(1)
        ):
            raise RequestEntityTooLarge
        return body

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__ and self.mimetype in (_URLENCODED, _MULTIPART):
            body = self.get_data()
            try:
                (unquote_to_bytes(body) if self.mimetype == _URLENCODED else body).decode()
            except UnicodeDecodeError as error:
                raise BadRequest from error
        super()._load_form_data()
