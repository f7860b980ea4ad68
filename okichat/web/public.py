"""Which templates a site may replace, and what each is given: docs/templates.md shows this as a table.

A name with several types is given one of them; with None among them it may be absent, or empty."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from okichat.web.contexts import (
    ContactPageView,
    ContactView,
    ErrorPageView,
    ExchangeView,
    FeedbackView,
    FormView,
    KeepView,
    PageView,
    RefusalView,
)
from okichat.web.privacy import PrivacyPageView

Given = Mapping[str, tuple[type | None, ...]]

_CHAT = {"page": (PageView,)}
_ANY_PAGE = {"page": (PageView, ContactPageView, ErrorPageView, PrivacyPageView)}
_ANSWERED = {"exchange": (ExchangeView,), "form": (FormView,), "mode": (str,), "contact": (ContactView,)}
# A partial of the whole chat page and of its fragments: in fragments there is no page.
_IN_THREAD = {"exchange": (ExchangeView,), "contact": (ContactView, None), "page": (PageView, None)}

PUBLIC: Mapping[str, Given] = {
    "base.html": _ANY_PAGE,
    "_human.html": {"contact": (ContactView,)},
    "_links.html": _ANY_PAGE,
    "_mark.html": {},
    "chat/page.html": _CHAT,
    "chat/privacy.html": {"page": (PrivacyPageView,)},
    "chat/_privacy_facts.html": {"page": (PrivacyPageView,)},
    "chat/_exchange.html": _IN_THREAD,
    "chat/_answer.html": _IN_THREAD,
    "chat/_pending.html": {"exchange": (ExchangeView,)},
    "chat/_shielded.html": {"exchange": (ExchangeView,)},
    "chat/_suggestions.html": {"suggestions": (tuple,)},
    "chat/_composer.html": {"form": (FormView,), "focus": (bool, None)},
    "chat/_fields.html": {"form": (FormView,), "focus": (bool, None)},
    "chat/_keys.html": {"form": (FormView,)},
    "chat/_references.html": {"form": (FormView,)},
    "chat/_keep.html": {"keep": (KeepView,), "page": (PageView, None)},
    "chat/_mailed.html": {"keep": (KeepView,), "page": (PageView, None)},
    "chat/_mode.html": {"mode": (str,)},
    "chat/_notice.html": {
        "sentence": (str,),
        "retry": (str, None),
        "anew_url": (str, None),
        "take_focus": (bool, None),
    },
    "chat/_alert_icon.html": {},
    "chat/_refusal.html": {
        "refusal": (RefusalView,),
        "form": (FormView,),
        "contact": (ContactView,),
        "page": (PageView, None),
    },
    "chat/_contact_card.html": {"contact": (ContactView,), "unhelped": (bool, None), "page": (PageView, None)},
    "chat/_feedback.html": {"feedback": (FeedbackView,)},
    "chat/_thumb.html": {"feedback": (FeedbackView,), "up": (bool,)},
    "chat/_states.html": {},
    "chat/_status.html": {},
    "chat/stream/begin.html": {"exchange": (ExchangeView,), "form": (FormView,), "contact": (ContactView,)},
    "chat/stream/block.html": {"exchange_id": (str,), "html": (Markup,), "rest": (str,)},
    "chat/stream/restart.html": {"exchange_id": (str,)},
    "chat/stream/end.html": {"exchange": (ExchangeView,), "mode": (str,), "contact": (ContactView,)},
    "chat/stream/_after.html": {"exchange": (ExchangeView,), "mode": (str,)},
    "chat/fragment.html": _ANSWERED,
    "chat/refused.html": {"refusal": (RefusalView,), "form": (FormView,), "contact": (ContactView,)},
    "chat/feedback.html": {"feedback": (FeedbackView,), "offer_under": (str, None), "contact": (ContactView,)},
    "chat/mailed.html": {"keep": (KeepView,)},
    "widget/page.html": _CHAT,
    "widget/thread.html": {"thread": (tuple,), "form": (FormView,), "contact": (ContactView,)},
    "contact/page.html": {"page": (ContactPageView,)},
    "contact/_form.html": {"page": (ContactPageView,)},
    "contact/_ways.html": {"contact": (ContactView,), "page": (ContactPageView, PageView, None)},
    "errors/error.html": {"page": (ErrorPageView,)},
}
