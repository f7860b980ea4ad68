"""Every screen of the owner's dashboard; registered only where a password is set."""

from okichat.web.admin import gpt, groups, health, knowledge, messages, questions, requests, security, sign_in, today
from okichat.web.admin.room import blueprint

__all__ = [
    "blueprint",
    "gpt",
    "groups",
    "health",
    "knowledge",
    "messages",
    "questions",
    "requests",
    "security",
    "sign_in",
    "today",
]
