from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from okichat.contact.details import ContactDetails
from okichat.sentences import Sentences
from okichat.settings import Settings


def details(**settings: Any) -> ContactDetails:
    return ContactDetails.from_settings(Settings(**settings))


@pytest.mark.parametrize(
    ("shown", "link"),
    [
        ("01 23 45 67 89", "tel:+33123456789"),
        ("01.23.45.67.89", "tel:+33123456789"),
        ("+33 (0)1 23 45 67 89", "tel:+33123456789"),
        ("0033 1 23 45 67 89", "tel:+33123456789"),
        ("+32 2 555 12 12", "tel:+3225551212"),
        ("39 49", "tel:3949"),
        ("sur demande", None),
        (None, None),
    ],
)
def test_a_telephone_number_becomes_a_link_that_works_from_abroad(shown: str | None, link: str | None) -> None:
    assert details(contact_phone=shown).phone_href == link


def test_whatsapp_and_email_become_links() -> None:
    firm = details(contact_whatsapp="06 12 34 56 78", contact_email="contact+chat@exemple.fr")

    assert firm.whatsapp_href == "https://wa.me/33612345678"
    assert firm.email_href == "mailto:contact+chat@exemple.fr"


def test_what_is_not_set_has_neither_link_nor_placeholder() -> None:
    firm = details()

    assert (firm.phone_href, firm.whatsapp_href, firm.email_href) == (None, None, None)
    assert firm.placeholders(30, Sentences())["fr"] == {
        "name": "Oki Expertise",
        "phone": None,
        "whatsapp": None,
        "email": None,
        "address": None,
        "hours": "du lundi au vendredi de 9 h à 18 h, le samedi sur rendez-vous",
        "booking_url": None,
        "retention_days": "30",
    }


def test_placeholders_speak_the_language_asked_for() -> None:
    assert (
        details(contact_hours="Mo 09:00-18:00").placeholders(30, Sentences())["en"]["hours"]
        == "on Monday from 9 am to 6 pm"
    )


def test_open_now_is_told_in_the_time_zone_of_the_firm() -> None:
    half_past_eight_utc = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

    assert details().open_at(half_past_eight_utc) is True
    assert details(timezone="Europe/London").open_at(half_past_eight_utc) is False


def test_french_holidays_close_french_firms_only() -> None:
    armistice_day = datetime(2026, 11, 11, 10, 0, tzinfo=UTC)
    hours = "Mo-Fr 09:00-18:00; PH off"

    assert details(contact_hours=hours).open_at(armistice_day) is False
    assert details(contact_hours=hours, timezone="Europe/Brussels").open_at(armistice_day) is True
