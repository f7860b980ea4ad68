"""Erases a conversation when its visitor wants it gone."""

from __future__ import annotations

from okichat.contact.messages import Messages
from okichat.conversations.turns import Turns


def erase(turns: Turns, messages: Messages, conversation: str) -> None:
    """Empty its texts at once, and detach it from messages that it was to go with; the figures stay.

    Raises StoreUnavailable."""
    turns.erase(conversation)
    messages.forget_conversation(conversation)
