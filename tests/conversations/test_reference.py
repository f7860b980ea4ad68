"""The signed reference of a conversation, as it travels in a form."""

from __future__ import annotations

from itsdangerous import URLSafeSerializer

from okichat.conversations.reference import References

CONVERSATION = "9f86d081884c7d659a2feaa0c55ad015"


def test_a_reference_is_signed_as_itsdangerous_signs_so_that_one_given_out_before_an_update_stays_valid() -> None:
    signed = URLSafeSerializer("a secret", salt="okichat.conversation").dumps(CONVERSATION)

    assert References("a secret").sign(CONVERSATION) == signed
    assert References("a secret").read(str(signed)) == CONVERSATION


def test_a_reference_signed_with_another_secret_is_none() -> None:
    assert References("a secret").read(References("another secret").sign(CONVERSATION)) is None
