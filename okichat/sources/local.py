"""The knowledge base's own words: the part of the topic that answers, when the search is sure enough."""

from __future__ import annotations

from collections.abc import Iterator

from okichat.answer import Answer, Citation, Event
from okichat.errors import SourceUnavailable
from okichat.knowledge.library import Topic
from okichat.knowledge.search import Findings, Passage
from okichat.question import Question
from okichat.sentences import sentences


class NothingFound(SourceUnavailable):
    """The knowledge base is not sure enough to answer."""

    reason = "nothing_found"


class Local:
    """Answers from the passages found, free and at once."""

    name = "local"

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """The best passage; where two topics are equally likely, the start of both and a button for each.

        Raises NothingFound below the calibrated confidence."""
        if findings.verdict not in ("sure", "close") or not findings.passages:
            raise NothingFound(findings.verdict)
        if findings.verdict == "close":
            yield self._choice(question, findings)
            return
        best = findings.passages[0]
        yield Answer(
            text=passage_text(best),
            answered_by=self.name,
            citations=cite(findings.topics[:1]),
            suggestions=_further_reading(best),
            confidence=findings.confidence,
        )

    def _choice(self, question: Question, findings: Findings) -> Answer:
        topics = findings.topics[:2]
        leads = [f"**{topic.title}**\n\n{topic.sections[0].text}" for topic in topics]
        intro = sentences(question.language)("close.intro")
        return Answer(
            text="\n\n".join([*leads, intro]),
            answered_by=self.name,
            citations=cite(topics),
            suggestions=tuple(topic.questions[0] for topic in topics),
            confidence=findings.confidence,
        )


def cite(topics: tuple[Topic, ...]) -> tuple[Citation, ...]:
    """The topics as an answer names them."""
    return tuple(Citation(topic.slug, topic.title, topic.link) for topic in topics)


def passage_text(passage: Passage) -> str:
    """The passage as Markdown, under its own heading where it has one."""
    heading = passage.section.heading
    return f"**{heading}**\n\n{passage.section.text}" if heading else passage.section.text


def _further_reading(best: Passage) -> tuple[str, ...]:
    """Other parts of the same topic, as questions to offer."""
    others = [section.heading for section in best.topic.sections if section.heading and section is not best.section]
    return tuple(
        f"{best.topic.title} : {heading}" if best.topic.language == "fr" else f"{best.topic.title}: {heading}"
        for heading in others[:2]
    )
