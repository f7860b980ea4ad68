"""What the search gives: the sections that may answer, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from okichat.knowledge.topic_file import Section, Topic, Validity

Verdict = Literal["sure", "close", "unsure", "outside"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A section that may answer, with the topic it stands in and whether that holds today."""

    topic: Topic
    section: Section
    validity: Validity = "valid"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found for one question.

    passages     best first, at most six
    topics       those worth showing, best first, at most three; empty when the verdict is "outside"
    confidence   0 to 1: how often a first topic found with this confidence is the right one
    verdict      sure: answer with the first topic. close: two topics are nearly equal, offer both. unsure: not good enough
                 to answer with, though a model may. outside: clearly no question to this firm
    answers      what to answer with: when sure the section that answers, the lead for a general question, or one of each
                 topic where two things were asked; when close the leads of both; else nothing
    """

    passages: tuple[Passage, ...]
    topics: tuple[Topic, ...]
    confidence: float
    verdict: Verdict
    answers: tuple[Passage, ...] = ()
