"""How many tokens a prompt can have at most, and how many it probably has, without a tokenizer and without network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Chat templates wrap each message in a few tokens (OpenAI: 4) and add some around the whole (OpenAI: 3, Llama's date line: 25).
_TOKENS_PER_MESSAGE = 16
_TOKENS_AROUND = 64
_BYTES_PER_TOKEN = 4
_LIKELY_TOKENS_PER_MESSAGE = 4


def worst_case_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """A number that no byte-level tokenizer exceeds for these chat messages.

    Each of its tokens stands for at least one byte, so the bytes of the text in UTF-8 are the bound. French text really has
    about a fourth of that; the difference is only set aside during the call and given back after it."""
    text_bytes = sum(len(value.encode("utf-8", "surrogatepass")) for message in messages for value in message.values())
    return text_bytes + _TOKENS_PER_MESSAGE * len(messages) + _TOKENS_AROUND


def likely_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """About how many tokens these chat messages have: one for four bytes of French or English text, and four a message."""
    text_bytes = sum(len(message["content"].encode("utf-8", "surrogatepass")) for message in messages)
    return text_bytes // _BYTES_PER_TOKEN + _LIKELY_TOKENS_PER_MESSAGE * len(messages)
