"""A fragment rendered once and poured many times: only what belongs to one question is put in anew.

A mould is made by the real templates, the site's own included. They are rendered with made-up values, twice, and what differs
between the two are the places to fill. A template that does more with these values than to print them shows in that, and
its fragments are rendered each time, as without moulds."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from babel import Locale
from markupsafe import escape

from okichat.web.locale import iso, time_of_day

_SPECIAL = "<&>\"'"  # in a made-up question: where a template escapes otherwise than for HTML, the place is not found
_LONGEST_CHARS = 400  # and one is long, so that a template that looks at the length is found out


@dataclass(frozen=True, slots=True)
class Values:
    """What one fragment has for itself: the question as its visitor wrote it, names and keys, and the moment of the answer
    in the firm's time zone."""

    question: str
    id: str
    conversation: str
    request_key: str
    at: datetime

    def as_html(self, reader: Locale) -> tuple[str, ...]:
        """The values as the templates write them, in the order of the places."""
        clock = time_of_day(self.at, reader)
        return str(escape(self.question)), self.id, self.conversation, self.request_key, iso(self.at), clock


@dataclass(frozen=True, slots=True)
class Mould:
    """Text between the places to fill, and which value goes into each place."""

    texts: tuple[str, ...]
    places: tuple[int, ...]
    reader: Locale

    def pour(self, values: Values) -> str:
        """The fragment."""
        filled = values.as_html(self.reader)
        pieces = [self.texts[0]]
        for place, text in zip(self.places, self.texts[1:], strict=True):
            pieces += (filled[place], text)
        return "".join(pieces)


def cast(render: Callable[[Values], str], real: Values, rendered: str, reader: Locale) -> Mould | None:
    """The mould of what `render` makes of any values; None where it does not take these values as they are.

    `rendered` is what it made of the `real` ones."""
    short = _made_up(f"a{_SPECIAL}", real.at.replace(hour=3, minute=7, second=9))
    long = _made_up(f"{'b' * _LONGEST_CHARS}{_SPECIAL}", real.at.replace(hour=16, minute=49, second=53))
    mould, other = (_split(render(values), values, reader) for values in (short, long))
    return mould if mould == other and mould.pour(real) == rendered else None


def _made_up(question: str, at: datetime) -> Values:
    id, conversation, request_key = (secrets.token_hex(8) for _ in range(3))
    return Values(f"{secrets.token_hex(8)}{question}", id, conversation, request_key, at)


def _split(rendered: str, values: Values, reader: Locale) -> Mould:
    filled = values.as_html(reader)
    pieces = re.split(f"({'|'.join(map(re.escape, filled))})", rendered)
    return Mould(tuple(pieces[::2]), tuple(map(filled.index, pieces[1::2])), reader)
