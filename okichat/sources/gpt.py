"""GPT, grounded on the passages found: asked within budget and deadline, and again otherwise where a fault has a remedy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from okichat.answer import Delta, Event, Usage, together
from okichat.clock import Clock
from okichat.errors import SourceUnavailable
from okichat.guard import facts
from okichat.knowledge.findings import Findings
from okichat.money.budget import Budget
from okichat.monitoring.journal import Journal
from okichat.question import Question
from okichat.sentences import Sentences
from okichat.settings import Settings
from okichat.sources.attempt import Attempt, Dialect
from okichat.sources.breaker import Breaker, News, Pause
from okichat.sources.callers import Callers
from okichat.sources.draft import Checks, Draft, TextDropped
from okichat.sources.faults import FAULTS, ModelFault
from okichat.sources.model_client import ModelClient
from okichat.sources.paid_call import Limits, PaidCall
from okichat.sources.prompt import Prompt
from okichat.sources.relay import DeadlinePassed, FirstWordLate
from okichat.sources.unasked import SWITCHED_OFF, LongConversation, OffTopic, Stopping, Suspicious, SwitchedOff

_LEAST_TIME_FOR_RETRY_S = 1.0


class Gpt:
    """Asks the model within budget and deadline."""

    name = "gpt"

    def __init__(
        self,
        settings: Settings,
        budget: Budget,
        prompt: Prompt,
        sentences: Sentences,
        journal: Journal,
        clock: Clock,
        *,
        stays_off: str | None = None,
        is_switched_off: Callable[[], bool] = lambda: False,
        news: News | None = None,
    ) -> None:
        """`stays_off`: the stable word for why the model is never asked, None where it may be.

        `is_switched_off`: whether the owner has turned it off by now. `news`: as in Breaker."""
        self.stays_off = stays_off or (None if settings.openai_api_key else "no_key")
        self._is_switched_off = is_switched_off
        self._settings = settings
        self._budget = budget
        self._prompt = prompt
        self._sentences = sentences
        self._journal = journal
        self._models = tuple(name for name in (settings.openai_model, settings.openai_fallback_model) if name)
        self._breakers = {name: Breaker(clock, name, news) for name in self._models}
        self._callers = Callers()
        self._ends_at_s = math.inf
        self._client = ModelClient(settings)
        # What the host has been found to understand: it never changes, so one dialect is enough for all models.
        self._dialect = Dialect(tier=settings.openai_base_url is None)

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
            self._client.open()
            facts.readers()

    def close(self) -> None:
        """Give the connections back; the next question would open them again."""
        self._client.close()

    def end_within(self, seconds: float) -> None:
        """The process is stopping: what the model has not finished by then, the knowledge base answers."""
        self._ends_at_s = time.monotonic() + seconds

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """The model's words as they come, then the Answer. Raises SourceUnavailable, also after the first words."""
        self._pass_unless_worth_asking(question, findings)
        self.warm()  # where the first visitor is quicker than the upkeep, opening the client is not the model's delay
        started = time.monotonic()
        attempt = Attempt(self._first_model(), self._dialect, with_history=bool(question.history))
        paid: Usage | None = None
        while True:
            call = self._call(question, findings, attempt, time.monotonic() - started)
            draft = Draft(question, findings, self._checks(call), self._sentences)
            try:
                yield from self._ask(call, draft, attempt)
            except (ModelFault, DeadlinePassed, FirstWordLate) as fault:
                paid = together(call.usage, paid)
                left_s = self._settings.first_token_s - (time.monotonic() - started)
                if draft.begun or not (remedy := self._remedy(attempt, fault, left_s)):
                    raise self._given_up(attempt.model, fault, paid) from fault
                self._breakers[attempt.model].abandoned()  # else the second try would wait for the first one's verdict
                attempt = remedy
            except SourceUnavailable as unavailable:
                if isinstance(unavailable, TextDropped):
                    self._journal.event("answer_dropped", model=attempt.model, reason=unavailable.reason)
                unavailable.usage = together(call.usage, paid)
                raise
            else:
                self._dialect = attempt.dialect
                yield draft.answer(self.name, together(call.usage, paid))
                return

    def _pass_unless_worth_asking(self, question: Question, findings: Findings) -> None:
        """Raises SourceUnavailable for a question that is put to no model."""
        if reason := self.off_because:
            raise SwitchedOff(reason)
        if findings.verdict == "outside":
            raise OffTopic
        if question.suspicious:
            raise Suspicious
        if question.gpt_answers >= self._settings.max_turns:
            raise LongConversation

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
            for chunk in call.chunks(partial(self._client.chunks, call, attempt.dialect)):
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
