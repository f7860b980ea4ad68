"""The privacy page: the firm's own words, and what follows from the settings of this very site."""

from __future__ import annotations

import os
from dataclasses import dataclass

from flask_babel import gettext
from markupsafe import Markup

from okichat.privacy.processing import Processing, processing_of
from okichat.web import presenter
from okichat.web.contexts import ContactView
from okichat.web.locale import page_locale
from okichat.web.parts import current_parts

_TOPIC = "confidentialite"


@dataclass(frozen=True, slots=True)
class PrivacyPageView:
    """chat/privacy.html: the knowledge topic `confidentialite` where there is one, rendered and cleaned, and the facts.

    html        None where the site's knowledge has no such topic
    processing  what the settings say: who receives what, for how long
    """

    firm: str
    locale: str
    title: str
    html: Markup | None
    processing: Processing
    contact: ContactView
    home_url: str = "/"
    privacy_url: str = "/confidentialite"


def privacy_page_view() -> PrivacyPageView:
    """What becomes of what a visitor writes, on this site, now."""
    parts = current_parts()
    topic = parts.library.topic(_TOPIC, page_locale())
    return PrivacyPageView(
        firm=parts.settings.name,
        locale=page_locale(),
        title=topic.title if topic else gettext("privacy.title"),
        html=presenter.html_of(topic.text) if topic else None,
        processing=processing_of(parts.settings, os.environ),
        contact=presenter.contact_view(parts.contact, parts.clock.now()),
        home_url=presenter.home_url(),
        privacy_url=presenter.privacy_url(),
    )
