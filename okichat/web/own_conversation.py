"""Whose conversation it is: the form that asks for it holds its signed reference."""

from __future__ import annotations

from flask import Request, render_template

from okichat.conversations.reference import References
from okichat.errors import NoSuchConversation
from okichat.web import presenter
from okichat.web.parts import current_parts


def posted_conversation(request: Request, references: References) -> str:
    """The conversation whose signed reference the form holds: only its visitor has that. Raises NoSuchConversation."""
    conversation = references.read(request.form.get("conversation"))
    if conversation is None:
        raise NoSuchConversation
    return conversation


def thread_again(conversation: str) -> str:
    """What puts the conversation on a page of the chat that was loaded anew, for htmx."""
    parts = current_parts()
    form = presenter.form_view(conversation)
    contact = presenter.contact_view(parts.contact, parts.clock.now(), form.conversation)
    return render_template("widget/thread.html", thread=presenter.thread_view(conversation), form=form, contact=contact)
