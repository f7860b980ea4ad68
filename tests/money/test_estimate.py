"""The bound of a prompt's tokens: above every byte-level tokenizer, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from okichat.money.estimate import worst_case_tokens


@given(st.lists(st.text(alphabet=st.characters()), max_size=5))
def test_a_tokenizer_that_makes_one_token_of_every_byte_stays_within_the_bound(texts: list[str]) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    tokens_of_openai_s_template = sum(4 + len(text.encode("utf-8", "surrogatepass")) for text in texts) + 3
    assert worst_case_tokens(messages) >= tokens_of_openai_s_template


def test_the_bound_grows_with_every_part_of_a_message() -> None:
    short = worst_case_tokens([{"role": "user", "content": "é"}])
    assert worst_case_tokens([{"role": "user", "content": "éé"}]) == short + 2
    assert worst_case_tokens([{"role": "user", "content": "é", "name": "ab"}]) == short + 2
    assert worst_case_tokens([{"role": "user", "content": "é"}, {"role": "user", "content": "é"}]) > short + 6
