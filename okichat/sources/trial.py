"""Whether a source that costs nothing works: it is asked, and nobody reads the answer."""

from __future__ import annotations

from okichat.errors import SourceUnavailable
from okichat.knowledge.search import Findings
from okichat.question import Question
from okichat.sources.source import AnswerSource


def why_broken(source: AnswerSource, question: Question, findings: Findings) -> str | None:
    """The kind of the defect, None where the source answers or passes as it should."""
    try:
        for _ in source.answer(question, findings):
            pass
    except SourceUnavailable:
        return None
    except Exception as error:  # whatever it is, it is what the probe asks for
        return type(error).__name__
    return None
