"""GPT, grounded on the passages found: the only room that knows the `openai` package."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from okichat.answer import Delta, Event, Usage
from okichat.clock import Clock
from okichat.errors import SourceUnavailable
from okichat.guard import facts
from okichat.knowledge.search import Findings
from okichat.money.budget import Budget
from okichat.monitoring.journal import Journal
from okichat.on_demand import on_demand
from okichat.question import Question
from okichat.settings import Settings
from okichat.sources import completion
from okichat.sources.attempt import Attempt, Dialect
from okichat.sources.breaker import Breaker, News, Pause
from okichat.sources.callers import Callers
from okichat.sources.completion import Chunk
from okichat.sources.draft import Checks, Draft, TextDropped
from okichat.sources.faults import FAULTS, ModelFault, never_left, reason_of_code, refusal, retry_after_s
from okichat.sources.paid_call import Limits, PaidCall
from okichat.sources.prompt import Prompt
from okichat.sources.relay import Abort, DeadlinePassed, FirstWordLate
from okichat.sources.unasked import SWITCHED_OFF, LongConversation, OffTopic, Stopping, Suspicious, SwitchedOff

if TYPE_CHECKING:
    import openai

_LEAST_TIME_FOR_RETRY_S = 1.0
_NEVER_USED = ("openai.types", "openai.types.responses")  # the descriptions of the client's other APIs


class Gpt:
    """Asks the model within budget and deadline."""

    name = "gpt"

    def __init__(
        self,
        settings: Settings,
        budget: Budget,
        prompt: Prompt,
        journal: Journal,
        clock: Clock,
        *,
        stays_off: str | None = None,
        is_switched_off: Callable[[], bool] = lambda: False,
        news: News | None = None,
    ) -> None:
        """`stays_off`: the stable word for why the model is never asked, None where it may be."""
        self.stays_off = stays_off or (None if settings.openai_api_key else "no_key")
        self._is_switched_off = is_switched_off
        self._settings = settings
        self._budget = budget
        self._prompt = prompt
        self._journal = journal
        self._models = tuple(name for name in (settings.openai_model, settings.openai_fallback_model) if name)
        self._breakers = {name: Breaker(clock, name, news) for name in self._models}
        self._callers = Callers()
        self._ends_at_s = math.inf
        self._dialect = Dialect(
            tier=settings.openai_base_url is None
        )  # the client's base URL never changes, so one is enough

    @property
    def off_because(self) -> str | None:
        """The stable word for why no model is asked until a human acts, None where one may be."""
        return self.stays_off or (SWITCHED_OFF if self._is_switched_off() else None)

    def pause(self) -> Pause | None:
        """Why and until when no model is asked; None while one is."""
        pauses = [breaker.pause() for breaker in self._breakers.values()]
        return pauses[0] if all(pauses) else None

    def available(self) -> bool:
        """Whether the next question would go to the model, as far as that is known without asking it."""
        return self.off_because is None and self.pause() is None and self._budget.can_spend()

    def warm(self) -> None:
        """Import the client and open its resources, so that no visitor waits for that."""
        if self.stays_off is None:
            with on_demand(*_NEVER_USED):
                _ = self._client.chat.completions.with_streaming_response.create
            facts.readers()

    def close(self) -> None:
        """Give the connections back; the next question would open them again."""
        if client := self.__dict__.pop("_client", None):
            client.close()

    def end_within(self, seconds: float) -> None:
        """The process is stopping: what the model has not finished by then, the knowledge base answers."""
        self._ends_at_s = time.monotonic() + seconds

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """The model's words as they come, then the Answer. Raises SourceUnavailable, also after the first words."""
        if reason := self.off_because:
            raise SwitchedOff(reason)
        if findings.verdict == "outside":
            raise OffTopic
        if question.suspicious:
            raise Suspicious
        if question.answered_by_gpt >= self._settings.max_turns:
            raise LongConversation
        self.warm()  # where the first visitor is quicker than the upkeep, opening the client is not the model's delay
        started = time.monotonic()
        attempt = Attempt(self._first_model(), self._dialect, with_history=bool(question.history))
        paid: Usage | None = None
        while True:
            call = self._call(question, findings, attempt, time.monotonic() - started)
            draft = Draft(question, findings, self._checks(call))
            try:
                yield from self._ask(call, draft, attempt)
            except (ModelFault, DeadlinePassed, FirstWordLate) as fault:
                paid = call.usage + paid if call.usage else paid
                left_s = self._settings.first_token_s - (time.monotonic() - started)
                if draft.begun or not (remedy := self._remedy(attempt, fault, left_s)):
                    raise self._given_up(attempt.model, fault, paid) from fault
                self._breakers[attempt.model].abandoned()  # else the second try would wait for the first one's verdict
                attempt = remedy
            except SourceUnavailable as unavailable:
                if isinstance(unavailable, TextDropped):
                    self._journal.event("answer_dropped", model=attempt.model, reason=unavailable.reason)
                unavailable.usage = call.usage + paid if call.usage else paid
                raise
            else:
                self._dialect = attempt.dialect
                yield draft.answer(self.name, call.usage + paid if call.usage else paid)
                return

    def _first_model(self) -> str:
        open_to_questions = [name for name in self._models if self._breakers[name].pause() is None]
        return (open_to_questions or self._models)[0]

    def _call(self, question: Question, findings: Findings, attempt: Attempt, elapsed_s: float) -> PaidCall:
        limits = Limits(
            first_token_s=self._settings.first_token_s - elapsed_s,
            deadline_s=self._settings.deadline_s - question.waited_s - elapsed_s,
            max_output_tokens=self._settings.max_output_tokens,
        )
        messages = self._prompt.messages(question, findings.passages, with_history=attempt.with_history)
        return PaidCall(self._budget, question.id, attempt.model, messages, limits, self._callers)

    def _checks(self, call: PaidCall) -> Checks:
        cap = call.limits.max_output_tokens
        return Checks.of(call.messages, self._prompt.canary, cap, grounded=self._settings.grounding)

    def _ask(self, call: PaidCall, draft: Draft, attempt: Attempt) -> Iterator[Delta]:
        breaker = self._breakers[call.model]
        breaker.enter()
        settled = False
        try:
            for chunk in call.chunks(functools.partial(self._chunks, call, attempt.dialect)):
                if time.monotonic() > self._ends_at_s:
                    raise Stopping
                yield Delta(draft.add(chunk) if chunk else "")
            draft.finish()
            settled = True
            if breaker.succeeded():
                self._journal.event("model_recovered", model=call.model)
        except (ModelFault, DeadlinePassed, FirstWordLate):
            settled = True  # the breaker hears of it from _given_up, once no remedy is left
            raise
        finally:
            if not settled:
                breaker.abandoned()

    def _remedy(self, attempt: Attempt, fault: SourceUnavailable, left_s: float) -> Attempt | None:
        """How to ask again, if this fault is one that another way of asking mends."""
        if left_s < min(_LEAST_TIME_FOR_RETRY_S, self._settings.first_token_s / 2):
            return None
        if fault.reason == "model_gone" and attempt.model != self._models[-1]:
            self._given_up(attempt.model, fault, None)
            return replace(attempt, model=self._models[-1])
        if fault.reason == "context" and attempt.with_history:
            return replace(attempt, with_history=False)
        if fault.reason == "request" and (dialect := attempt.dialect.plainer(fault.detail)):
            return replace(attempt, dialect=dialect)
        if FAULTS[fault.reason].retried and attempt.may_retry:
            return replace(attempt, may_retry=False)
        return None

    def _given_up(self, model: str, fault: SourceUnavailable, paid: Usage | None) -> SourceUnavailable:
        kind = FAULTS[fault.reason]
        fault.notice, fault.usage = kind.notice, paid
        self._journal.event("model_fault", model=model, reason=fault.reason, detail=fault.detail)
        if kind.cool_down_s == 0:
            self._breakers[model].abandoned()
            return fault
        wait_s = getattr(fault, "retry_after_s", None) or kind.cool_down_s
        if self._breakers[model].failed(fault.reason, kind.notice, wait_s, at_once=kind.opens_at_once):
            self._journal.event("model_paused", model=model, reason=fault.reason, seconds=wait_s)
        return fault

    @functools.cached_property
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

    def _chunks(self, call: PaidCall, dialect: Dialect, abort: Abort) -> Iterator[Chunk]:
        """One request, in the thread of the relay. Raises ModelFault."""
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
