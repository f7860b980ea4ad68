"""Fragments rendered once and poured many times; a template that looks at the values cannot be poured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from babel import Locale
from markupsafe import Markup, escape

from okichat.web.locale import iso, time_of_day
from okichat.web.moulds import Values, cast

READER = Locale("fr")
AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
REAL = Values("Vos <tarifs> & délais ?", "0123456789abcdef", "c.signed", "key-of-the-form", AT)
OTHER = Values("Où êtes-vous ?", "fedcba9876543210", "other.signed", "another-key", AT.replace(hour=18, minute=5))


def plain(values: Values) -> str:
    written = (values.id, values.conversation, values.request_key, iso(values.at), time_of_day(values.at, READER))
    return Markup(f"<p>Posé à 09:12. %s %s|{'|'.join(written)}|{values.id}</p>") % (values.question, "Réponse")


def test_a_mould_gives_what_the_template_would() -> None:
    mould = cast(plain, REAL, plain(REAL), READER)

    assert mould
    for values in (REAL, OTHER):
        assert mould.pour(values) == plain(values)


@pytest.mark.parametrize(
    "looks",
    [
        lambda values: values.id[:4],
        lambda values: values.at.year + values.at.hour,
        lambda values: len(values.question),
        lambda values: "long" if len(values.question) > 200 else "short",
        lambda values: values.question,  # not escaped
        lambda values: escape(values.question.upper()),
        lambda values: values.at.strftime("%H"),
        lambda values: "03:07",  # what a made-up time happens to be
    ],
)
def test_a_template_that_looks_at_the_values_has_none(looks: Callable[[Values], object]) -> None:
    def render(values: Values) -> str:
        return f"{plain(values)}{looks(values)}"

    assert cast(render, REAL, render(REAL), READER) is None


def test_a_page_that_was_not_rendered_from_these_values_has_none() -> None:
    assert cast(plain, REAL, plain(OTHER), READER) is None
