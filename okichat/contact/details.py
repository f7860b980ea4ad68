"""How to reach the firm: the details of the settings, as they are shown and as links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from okichat.contact.holidays import is_french_holiday, no_holiday
from okichat.contact.hours import OpeningHours
from okichat.language import LANGUAGES
from okichat.sentences import Say, Sentences
from okichat.settings import Settings

_FRENCH_TIMEZONE = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """The firm's contact details. What the firm has not set is None."""

    name: str
    hours: OpeningHours
    timezone: ZoneInfo
    phone: str | None = None
    whatsapp: str | None = None
    email: str | None = None
    address: str | None = None
    booking_url: str | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> ContactDetails:
        """The details that the operator has set. Public holidays are known for firms in the time zone of Paris."""
        is_holiday = is_french_holiday if settings.timezone == _FRENCH_TIMEZONE else no_holiday
        return cls(
            name=settings.name,
            hours=OpeningHours.parse(settings.contact_hours, is_holiday),
            timezone=ZoneInfo(settings.timezone),
            phone=settings.contact_phone,
            whatsapp=settings.contact_whatsapp,
            email=settings.contact_email,
            address=settings.contact_address,
            booking_url=settings.contact_booking_url,
        )

    @property
    def phone_href(self) -> str | None:
        """A `tel:` link in international form; None without a number."""
        number = _international(self.phone)
        return number and f"tel:{number}"

    @property
    def whatsapp_href(self) -> str | None:
        """A link that opens a WhatsApp chat with the firm; None without a number."""
        number = _international(self.whatsapp)
        return number and f"https://wa.me/{number.removeprefix('+')}"

    @property
    def email_href(self) -> str | None:
        """A `mailto:` link; None without an address."""
        return self.email and f"mailto:{quote(self.email, safe='@+')}"

    def open_at(self, moment: datetime) -> bool | None:
        """Whether the firm is open at this (aware) time, in its own time zone; None where the hours cannot tell."""
        return self.hours.open_at(moment.astimezone(self.timezone))

    def placeholders(self, retention_days: int, sentences: Sentences) -> dict[str, dict[str, str | None]]:
        """What stands for `{name}`, `{phone}`… in the topic files, in the words of each language; None for what is not set."""
        return {language: self._placeholders_in(sentences(language), retention_days) for language in LANGUAGES}

    def _placeholders_in(self, say: Say, retention_days: int) -> dict[str, str | None]:
        return {
            "name": self.name,
            "phone": self.phone,
            "whatsapp": self.whatsapp,
            "email": self.email,
            "address": self.address,
            "hours": self.hours.in_words(say),
            "booking_url": self.booking_url,
            "retention_days": str(retention_days),
        }


def _international(number: str | None) -> str | None:
    """A number as links need it: `+33123456789` for "01 23 45 67 89". Short and foreign ones keep their digits."""
    if number is None:
        return None
    plain = re.sub(r"[^\d+]", "", number.replace("(0)", ""), flags=re.ASCII)
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if re.fullmatch(r"0\d{9}", plain):
        plain = f"+33{plain[1:]}"
    return plain if re.search(r"\d", plain) else None
