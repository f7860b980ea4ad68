from __future__ import annotations

import pytest

from okichat.contact.message import Message
from okichat.errors import MalformedQuestion, MessageRefused


def sent(**fields: str) -> Message:
    return Message.from_form({"email": "camille@exemple.fr", "text": "Rappelez-moi.", **fields}, "fr")


def mistakes(**fields: str) -> dict[str, str]:
    with pytest.raises(MessageRefused) as refused:
        sent(**fields)
    return refused.value.mistakes


def test_a_message_is_cleaned_and_needs_no_name() -> None:
    message = sent(text="  Bonjour,\r\nrappelez-moi\u202e.\x07 ", phone="")

    assert message == Message("Bonjour,\nrappelez-moi.", email="camille@exemple.fr", language="fr")


def test_a_telephone_number_does_in_place_of_an_email() -> None:
    assert sent(email="", phone=" +33 (0)6 12 34 56 78 ").phone == "+33 (0)6 12 34 56 78"


def test_every_mistake_is_named_at_once() -> None:
    assert mistakes(email="camille@exemple", phone="12", text=" ", name="x" * 121) == {
        "name": "name_too_long",
        "email": "email",
        "phone": "phone",
        "text": "empty",
    }


def test_without_a_way_back_a_message_is_not_taken() -> None:
    assert mistakes(email="", phone="") == {"email": "no_way_back"}


@pytest.mark.parametrize(
    "email", ["a@b", "a b@c.fr", "a@b.fr, d@e.fr", "<a@b.fr>", "@b.fr", "a@b.fr\nBcc: d@e.fr", "é" * 250 + "@b.fr"]
)
def test_what_is_no_address_is_not_taken(email: str) -> None:
    assert mistakes(email=email) == {"email": "email"}


def test_a_long_message_and_one_full_of_links_are_not_taken() -> None:
    assert mistakes(text="x" * 4001) == {"text": "too_long"}
    assert mistakes(text="www.a.fr http://b.fr https://c.fr HTTP://d.fr") == {"text": "too_many_links"}
    assert sent(text="x" * 4000).text == "x" * 4000


def test_the_field_that_people_do_not_see_gives_robots_away() -> None:
    assert mistakes(website="https://spam.example") == {"website": "trap"}


def test_the_conversation_goes_along_with_consent_only() -> None:
    assert (sent().with_conversation, sent(attach="1").with_conversation) == (False, True)


def test_what_is_no_text_is_malformed() -> None:
    with pytest.raises(MalformedQuestion):
        sent(name="\ud800")


def test_a_name_stays_on_one_line() -> None:
    assert sent(name="Camille\r\nBcc: x@y.fr").name == "Camille Bcc: x@y.fr"
