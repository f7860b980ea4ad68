"""What a visitor writes to the humans, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from okichat.errors import MalformedQuestion, MessageRefused
from okichat.language import LANGUAGES
from okichat.question import clean_text, is_encodable

MAX_TEXT_CHARS = 4000
MAX_NAME_CHARS = 120
MAX_EMAIL_CHARS = 254  # RFC 3696, erratum 1690
MAX_PHONE_CHARS = 40
_LEAST_PHONE_DIGITS = 6
_MOST_LINKS = 3

_IN_EMAIL = r"[^@\s,;:<>()\[\]\\\"]"
_EMAIL = re.compile(rf"{_IN_EMAIL}+@{_IN_EMAIL}+\.{_IN_EMAIL}{{2,}}")
_PHONE = re.compile(r"\+?[\d ().\-/]+", re.ASCII)
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """What a visitor writes to the humans. Email or phone is set, or both; all but `text` are single lines.

    with_conversation  the visitor agrees that the conversation goes with it
    language           of the page that it was written on"""

    text: str
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    with_conversation: bool = False
    language: str = LANGUAGES[0]

    @classmethod
    def from_form(cls, form: Mapping[str, str], language: str) -> Message:
        """Read the fields name, email, phone, text, attach (consent) and website, which people do not see and leave empty.

        Raises MessageRefused with every mistake there is, or MalformedQuestion for what is no text."""
        if not all(map(is_encodable, form.values())):
            raise MalformedQuestion
        name, email, phone, website = (
            _one_line(form.get(field, "")) for field in ("name", "email", "phone", "website")
        )
        text = clean_text(form.get("text", ""))
        mistakes = dict(_mistakes(name, email, phone, text, website))
        if mistakes:
            raise MessageRefused(mistakes)
        return cls(text, email or None, phone or None, name or None, bool(form.get("attach")), language)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _mistakes(name: str, email: str, phone: str, text: str, website: str) -> Iterator[tuple[str, str]]:
    """The fields that are wrong, each with the word that says why."""
    if len(name) > MAX_NAME_CHARS:
        yield "name", "name_too_long"
    if not email and not phone:
        yield "email", "no_way_back"
    if email and not _is_email(email):
        yield "email", "email"
    if phone and not _is_phone(phone):
        yield "phone", "phone"
    if not text:
        yield "text", "empty"
    elif len(text) > MAX_TEXT_CHARS:
        yield "text", "too_long"
    elif len(_LINK.findall(text)) > _MOST_LINKS:
        yield "text", "too_many_links"
    if website:
        yield "website", "trap"


def _is_email(text: str) -> bool:
    return len(text) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(text) is not None


def _is_phone(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return len(text) <= MAX_PHONE_CHARS and digits >= _LEAST_PHONE_DIGITS and _PHONE.fullmatch(text) is not None
