"""The models that the model's host offers to a key: a free call, so it tells whether the key is good."""

from __future__ import annotations

import http.client
import json
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from okichat.settings import Settings

_OPENAI = "https://api.openai.com/v1"
_TIMEOUT_S = 10.0
_MOST_BYTES = 5_000_000


class NoModelList(Exception):
    """The host gave none. `status` is that of its reply, None where it did not reply; the text is a stable word."""

    def __init__(self, cause: str, status: int | None = None) -> None:
        super().__init__(cause)
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the key to a host that nobody has named."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow none."""


def model_names(settings: Settings) -> frozenset[str]:
    """The names of the models. Raises NoModelList."""
    request = Request(f"{(settings.openai_base_url or _OPENAI).rstrip('/')}/models")
    request.add_unredirected_header("Authorization", f"Bearer {settings.openai_api_key}")
    try:
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_S) as reply:
            found = json.loads(reply.read(_MOST_BYTES))
        return frozenset(str(model["id"]) for model in found["data"])
    except HTTPError as error:
        with error:
            raise NoModelList(f"status {error.code}", error.code) from error
    except URLError as error:
        raise NoModelList(type(error.reason).__name__) from error
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise NoModelList(type(error).__name__) from error
