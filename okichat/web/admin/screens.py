"""Every screen of the owner's dashboard; registered only where a password is set."""

from okichat.web.admin import health, knowledge, messages, questions, sign_in, today
from okichat.web.admin.room import blueprint

__all__ = ["blueprint", "health", "knowledge", "messages", "questions", "sign_in", "today"]
