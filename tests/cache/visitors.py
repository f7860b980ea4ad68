"""One question that many visitors ask, and what the model says to it."""

from __future__ import annotations

from typing import Any

from okichat.answer import Answer, last_answer
from okichat.question import Question
from tests.site import Site

SERVICES = "Quels sont vos services ?"
TEXT = "Nous tenons votre comptabilité et établissons vos déclarations."


def asked(site: Site, text: str = SERVICES, **how: Any) -> Answer:
    """The answer of the app in this process."""
    return last_answer(site.parts.assistant.answer(Question.from_text(text, **how)))
