"""Requests to the model's host, through the `openai` package, which only this room knows: its errors end here, as ModelFault."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
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

    def open(self) -> None:
        """Import the package and open its resources, so that no visitor waits for that."""
        with on_demand(*_NEVER_USED):
            _ = self._client.chat.completions.with_streaming_response.create

    def close(self) -> None:
        """Give the connections back; the next request would open them again."""
        if client := self.__dict__.pop("_client", None):
            client.close()

    def chunks(self, call: PaidCall, dialect: Dialect, abort: Abort) -> Iterator[Chunk]:
        """What the model says to `call`, as it comes, in the thread of the relay; `abort` ends it. Raises ModelFault."""
        import httpx2  # comes with openai; reading raw lines lets its errors through
        import openai

        from okichat.sources.connections import ended_by

        try:
            create = self._client.chat.completions.with_streaming_response.create
            with ended_by(abort.on_call), create(**dialect.parameters(call)) as response:
                content_type = response.headers.get("content-type", "")
                if content_type.startswith("application/json"):
                    found = completion.from_body(response.text())
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

    @cached_property
    def _client(self) -> openai.OpenAI:
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
