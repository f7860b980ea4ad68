"""Requests to the model's host, through the `openai` package, which only this room knows: its errors end here, as ModelFault."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from okichat.on_demand import on_demand
from okichat.settings import Settings
from okichat.sources import completion
from okichat.sources.attempt import Dialect
from okichat.sources.completion import Chunk
from okichat.sources.faults import ModelFault, never_left, reason_of_code, refusal, retry_after_s
from okichat.sources.paid_call import PaidCall
from okichat.sources.relay import Abort

if TYPE_CHECKING:
    import openai

_NEVER_USED = ("openai.types", "openai.types.responses")  # the descriptions of the client's other APIs


class ModelClient:
    """The connections to the host of the settings. Safe with threads."""

    def __init__(self, settings: Settings) -> None:
        """Opens nothing, and imports nothing yet."""
        self._settings = settings
        self._opening = threading.Lock()  # of two that were opened at once, nobody would close one
        self._opened: openai.OpenAI | None = None

    def open(self) -> None:
        """Import the package and make the client, so that no visitor waits for that."""
        _ = self._client

    def close(self) -> None:
        """Give the connections back; the next request would open them again."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened:
            opened.close()

    def chunks(self, call: PaidCall, dialect: Dialect, abort: Abort) -> Iterator[Chunk]:
        """What the model says to `call`, as it comes, in the thread of the relay; `abort` ends it. Raises ModelFault."""
        import httpx2  # comes with openai; reading raw lines lets its errors through
        import openai

        from okichat.sources.connections import ended_by

        try:
            with ended_by(abort.on_call), self._ask(call, dialect) as stream:
                response = stream.response
                content_type = response.headers.get("content-type", "")
                if content_type.startswith("application/json"):
                    response.read()
                    found = completion.from_body(response.text)
                elif content_type.startswith("text/event-stream"):
                    found = completion.from_stream(response.iter_lines())
                else:
                    raise completion.BrokenProtocol(content_type)
                yield from (chunk for chunk in found if chunk != Chunk())
        except openai.APIStatusError as error:
            wait_s = retry_after_s(error.response.headers.get("retry-after"))
            raise refusal(error.status_code, error.code, error.param, wait_s) from error
        except openai.APIConnectionError as error:
            raise ModelFault("network", type(error.__cause__).__name__, unbilled=never_left(error.__cause__)) from error
        except httpx2.HTTPError as error:
            raise ModelFault("network", type(error).__name__, unbilled=False) from error
        except completion.ErrorInStream as error:
            raise ModelFault(reason_of_code(error.code) or "server", "in the stream", unbilled=False) from error
        except (completion.BrokenProtocol, openai.OpenAIError, UnicodeError, ValueError) as error:
            raise ModelFault("protocol", type(error).__name__, unbilled=False) from error
        finally:
            abort.forget()  # the connection may be another visitor's from here on

    def _ask(self, call: PaidCall, dialect: Dialect) -> openai.Stream[object]:
        """By the bare `post`: the client's typed methods first go through the description of each parameter, which takes longer
        than to send them, and bring along all of those descriptions."""
        import openai

        return self._client.post(
            "/chat/completions",
            body=dialect.parameters(call),
            options={"timeout": call.limits.deadline_s},
            cast_to=object,
            stream=True,
            stream_cls=openai.Stream[object],
        )

    @property
    def _client(self) -> openai.OpenAI:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> openai.OpenAI:
        with on_demand(*_NEVER_USED):
            import openai  # costs more than everything else together, so not before it is needed

        from okichat.sources.connections import make_interruptible

        # A redirect would carry prompt and key to a host that nobody has named.
        http_client = make_interruptible(openai.DefaultHttpxClient(follow_redirects=False))
        return openai.OpenAI(
            api_key=self._settings.openai_api_key,
            base_url=self._settings.openai_base_url,
            max_retries=0,
            http_client=http_client,
        )
