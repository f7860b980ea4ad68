"""Whose conversation it is: the form that asks for it holds its signed reference."""

from __future__ import annotations

from flask import Request

from okichat.conversations.reference import References
from okichat.errors import NoSuchConversation


def posted_conversation(request: Request, references: References) -> str:
    """The conversation whose signed reference the form holds: only its visitor has that. Raises NoSuchConversation."""
    conversation = references.read(request.form.get("conversation"))
    if conversation is None:
        raise NoSuchConversation
    return conversation
