from __future__ import annotations

import pytest

from okichat.sentences import sentences


def test_a_sentence_is_said_in_the_language_asked_for() -> None:
    assert (sentences("fr")("hours.day.mo"), sentences("en")("hours.day.mo")) == ("lundi", "Monday")


def test_placeholders_are_filled_in_as_they_are() -> None:
    assert sentences("en")("contact.letter.name", value="100 % %(name)s") == "Name: 100 % %(name)s"


def test_another_language_is_answered_in_the_default_one() -> None:
    assert sentences("de")("hours.day.mo") == "lundi"


def test_a_key_or_a_value_that_is_missing_is_a_mistake_at_once() -> None:
    with pytest.raises(KeyError, match="nothing"):
        sentences("fr")("hours.nothing")
    with pytest.raises(KeyError, match="value"):
        sentences("fr")("contact.letter.name", name="x")
