"""What templates are given: these names and nothing else. Which template gets which: web/public.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from okichat.answer import Citation

TRAP = "website"  # the field of a form that people neither see nor hear


@dataclass(frozen=True, slots=True)
class ContactView:
    """How to reach a human. Every detail may be None except `hours` and `form_url`.

    phone_href, whatsapp_href and email_href are complete links (`tel:`, `https://wa.me/`, `mailto:`)
    hours     the opening hours in words, in the page's language
    open_now  whether the firm is open at this moment in its own time zone; None where the hours cannot tell
    """

    form_url: str
    hours: str
    open_now: bool | None
    phone: str | None = None
    phone_href: str | None = None
    whatsapp: str | None = None
    whatsapp_href: str | None = None
    email: str | None = None
    email_href: str | None = None
    address: str | None = None
    booking_url: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One finished answer.

    html         the answer, rendered from Markdown and cleaned
    text         the same as Markdown, for the copy button
    language     "fr" or "en", of the answer
    answered_by  small_talk, cache, gpt, local, handoff or interrupted
    notice       stable word of the one calm sentence about the mode (translation `notice.<word>`), or None
    offer_human  whether the contact card belongs under this answer
    unhelped     whether it comes up by itself, with a sentence, because two answers in a row have not helped
    anew_url     where a new conversation begins, beside a notice that this one is long; else None
    """

    html: Markup
    text: str
    language: str
    answered_by: str
    answered_at: datetime
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()
    notice: str | None = None
    offer_human: bool = False
    unhelped: bool = False
    anew_url: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """What a visitor says of an answer.

    turn          id of the exchange
    vote          what was said so far: up, down or None
    state         ask (the two buttons), why (the form for a reason), thanks, or refused
    refusal       for refused: too_many, unavailable or gone (translation `feedback.refused.<word>`)
    wait_minutes  for too_many: how long until the next vote is taken, rounded up
    conversation  for why: the signed reference; action: where the form is posted to; reasons: words to choose from
                  (translation `feedback.reason.<word>`); max_chars: of the visitor's own words
    """

    turn: str
    vote: str | None = None
    state: str = "ask"
    refusal: str | None = None
    wait_minutes: int | None = None
    conversation: str | None = None
    action: str = "/feedback"
    reasons: tuple[str, ...] = ()
    max_chars: int = 0


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """A question and its answer; `answer` is None while it is being written. `id` is unique in the page, letters and digits.

    `feedback` is None where there is nothing to say, e.g. of a greeting. `personal` names the kinds of confidential data
    that the visitor has just typed (translation `personal.kind.<word>`)."""

    id: str
    question: str
    language: str
    asked_at: datetime
    answer: AnswerView | None = None
    feedback: FeedbackView | None = None
    personal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusalView:
    """Why a question was not taken (translation `refusal.<code>`), and what to do next.

    code          empty, too_long, malformed, too_many, daily_limit, spam, cross_site, too_large
    wait_minutes  for too_many and spam: how long until the next question is taken, rounded up
    """

    code: str
    wait_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class FormView:
    """The composer. `question` is what the visitor typed, kept after a refusal; `conversation` the signed reference or None.

    `feedback_action` is where the votes under the answers are posted to."""

    action: str
    request_key: str
    max_chars: int
    question: str = ""
    conversation: str | None = None
    feedback_action: str = "/feedback"


@dataclass(frozen=True, slots=True)
class KeepView:
    """What visitors can do with their conversation: take it along as a file or by e-mail, erase it.

    mail_action   None where no mail host is set
    said          what became of the e-mail: sent, not_sent, address or too_many (translation `keep.mail.<word>`), or None
    wait_minutes  for too_many: how long until the next one is sent, rounded up
    address       what the visitor typed, kept after a refusal
    """

    transcript_action: str
    erase_action: str
    mail_action: str | None = None
    said: str | None = None
    wait_minutes: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole chat page: chat/page.html, and the widget's frame.

    mode           "gpt" or "local", for the badge
    welcome        the first message, Markdown-free text
    newest         id of the exchange to put the focus on, None on a fresh page
    erased         whether the visitor has just erased a conversation
    embed_origins  the sites that may frame the widget
    """

    firm: str
    locale: str
    mode: str
    welcome: str
    suggestions: tuple[str, ...]
    thread: tuple[ExchangeView, ...]
    form: FormView
    contact: ContactView
    keep: KeepView
    refusal: RefusalView | None = None
    newest: str | None = None
    erased: bool = False
    home_url: str = "/"
    privacy_url: str = "/confidentialite"
    embed_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactPageView:
    """contact/page.html: every way to a human, and the form for a message to them.

    values        what the visitor typed, kept after a refusal: name, email, phone, text
    mistakes      for each field that is wrong the stable word for it (translation `contact.mistake.<word>`)
    refusal       why the whole message was not taken: too_many or unavailable (translation `contact.refused.<word>`)
    wait_minutes  for too_many: how long until the next message is taken, rounded up
    conversation  signed reference of the conversation the visitor comes from; None hides the consent
    reference     of the message once it is kept: then thanks take the place of the form
    stamp         when the form was opened, signed
    """

    firm: str
    locale: str
    contact: ContactView
    max_chars: int
    values: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None
    wait_minutes: int | None = None
    conversation: str | None = None
    attach: bool = False
    reference: str | None = None
    stamp: str = ""
    home_url: str = "/"
    privacy_url: str = "/confidentialite"


@dataclass(frozen=True, slots=True)
class ErrorPageView:
    """errors/error.html. `code` has the translations `error.<code>` (the heading) and `refusal.<code>` (what to do next)."""

    firm: str
    locale: str
    status: int
    code: str
    contact: ContactView
    home_url: str = "/"
    privacy_url: str = "/confidentialite"
