from __future__ import annotations

import pytest

from okichat.sentences import Sentences


def test_a_sentence_is_said_in_the_language_asked_for() -> None:
    assert (Sentences()("fr")("hours.day.mo"), Sentences()("en")("hours.day.mo")) == ("lundi", "Monday")


def test_placeholders_are_filled_in_as_they_are() -> None:
    assert Sentences()("en")("contact.letter.name", value="100 % %(name)s") == "Name: 100 % %(name)s"


def test_another_language_is_answered_in_the_default_one() -> None:
    assert Sentences()("de")("hours.day.mo") == "lundi"


def test_a_key_or_a_value_that_is_missing_is_a_mistake_at_once() -> None:
    with pytest.raises(KeyError, match="nothing"):
        Sentences()("fr")("hours.nothing")
    with pytest.raises(KeyError, match="value"):
        Sentences()("fr")("contact.letter.name", name="x")
