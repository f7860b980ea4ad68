"""The errors that more than one room knows, sorted by who has to act. A signal between two modules, such as cache's ShelfAway, is
none of them.

* OkichatError
  - Refusal              the visitor: EmptyQuestion, QuestionTooLong, MalformedQuestion, TooManyQuestions(retry_after_s),
                         DailyLimitReached, Spam(retry_after_s), MessageRefused(mistakes), NoSuchConversation;
                         what only the web knows of stands there: CrossSite (web/origin.py), UnknownHost (web/host_header.py)
  - SourceUnavailable    nobody, the next source answers; `reason` is the stable word that journal and tests use:
                         BudgetSpent, PriceUnknown, LedgerUnavailable (money/reservation.py); SwitchedOff, LongConversation,
                         Stopping, OffTopic, Suspicious (sources/unasked.py); ModelPaused (breaker.py), ModelFault (faults.py),
                         FirstWordLate, DeadlinePassed (relay.py), TextDropped (draft.py), NoSmallTalk (small_talk.py),
                         NothingFound, OutOfField (local.py), SourceCrashed (chain.py)
  - StoreUnavailable     nobody during a question: it is answered without the store, and the operator gets an event;
                         StoreAway where nothing is wrong with what was to be written, so that it can be tried again
  - SettingsError        the operator: raised at start-up, never during a request
  - KnowledgeError       the operator: a topic file that cannot be used, with its name, line and the mend
  - BackupError          the operator: an archive that cannot be written or restored, with the reason
"""

from __future__ import annotations

from okichat.answer import Usage


class OkichatError(Exception):
    """The root of this tree."""


class Refusal(OkichatError):
    """A question that is not answered. `status` and `code` are public; the sentence is the translation `refusal.<code>`."""

    status = 400
    code = "refused"


class EmptyQuestion(Refusal):
    """Nothing was asked."""

    code = "empty"


class QuestionTooLong(Refusal):
    """More characters than a question may have."""

    code = "too_long"


class MalformedQuestion(Refusal):
    """What came is no question at all: not JSON, not a string, a broken form."""

    code = "malformed"


class TooManyQuestions(Refusal):
    """The visitor has used up the limit of questions; `retry_after_s` is the wait until the next one is accepted."""

    status = 429
    code = "too_many"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    @property
    def wait_minutes(self) -> int:
        """The same wait as people are told it: in minutes, rounded up."""
        return -(-self.retry_after_s // 60)


class DailyLimitReached(TooManyQuestions):
    """The limit of a whole day is used up: minutes would be no help to tell."""

    code = "daily_limit"


class Spam(TooManyQuestions):
    """Too many messages that look like spam from one visitor; `retry_after_s` is the wait until the next one is looked at."""

    code = "spam"


class MessageRefused(Refusal):
    """A message to the humans that is not taken yet. `mistakes` says for each field why: translation `contact.mistake.<word>`."""

    code = "message"

    def __init__(self, mistakes: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {word}" for name, word in mistakes.items()))
        self.mistakes = mistakes


class NoSuchConversation(Refusal):
    """A reference that we did not sign, or of a conversation that is erased."""

    status = 404
    code = "no_conversation"


class SourceUnavailable(OkichatError):
    """A source of answers passes; the next one answers.

    reason  one stable word for journal, events and tests
    notice  the stable word of the sentence that tells the visitor, None where there is nothing to tell
    usage   what was paid all the same, e.g. for a text that broke off
    """

    reason = "unavailable"
    notice: str | None = None

    def __init__(self, detail: str = "", *, usage: Usage | None = None) -> None:
        super().__init__(detail or self.reason)
        self.detail = detail
        self.usage = usage


class StoreUnavailable(OkichatError):
    """The database could not be read or written just now."""


class StoreAway(StoreUnavailable):
    """The database is held by somebody else, full or gone: nothing is wrong with what was to be written."""


class SettingsError(OkichatError):
    """One or more settings are wrong. `mistakes` has one line for each, which names the setting and the mend."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class KnowledgeError(OkichatError):
    """Topic files that cannot be used. `mistakes` has one line for each: `file:line: what is wrong; how to mend it`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class BackupError(OkichatError):
    """An archive cannot be written or restored; the text says why, and nothing has been changed."""
