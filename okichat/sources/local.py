"""The knowledge base's own words: the part of the topic that answers, when the search is sure enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from okichat.answer import Answer, Citation, Event
from okichat.errors import SourceUnavailable
from okichat.knowledge.findings import Findings, Passage
from okichat.knowledge.topic_file import Section, Topic
from okichat.question import Question
from okichat.sentences import Sentences

OUTDATED = "outdated"  # the notice of an answer that does not hold today: ask a human


class NothingFound(SourceUnavailable):
    """The knowledge base is not sure enough to answer."""

    reason = "nothing_found"


class OutOfField(NothingFound):
    """It is clearly no question to this firm."""

    reason = "outside"


class Local:
    """Answers from the passages found, free and at once."""

    name = "local"

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences

    def answer(self, question: Question, findings: Findings) -> Iterator[Event]:
        """The section that answers, one of each topic where two things were asked, or the starts of two equal topics.

        Raises NothingFound below the calibrated confidence."""
        if not findings.answers:
            raise OutOfField if findings.verdict == "outside" else NothingFound
        answers = findings.answers
        is_choice = findings.verdict == "close"
        sentences = self._sentences
        one = len(answers) == 1
        texts = [passage_text(answers[0], sentences)] if one else [_titled(each, sentences) for each in answers]
        yield Answer(
            text="\n\n".join([*texts, sentences(question.language)("close.intro")] if is_choice else texts),
            answered_by=self.name,
            citations=cite(tuple(answer.topic for answer in answers)),
            suggestions=_choices(answers) if is_choice else _further_reading(answers),
            notice=OUTDATED if any(answer.validity != "valid" for answer in answers) else None,
            confidence=findings.confidence,
        )


def cite(topics: tuple[Topic, ...]) -> tuple[Citation, ...]:
    """The topics as an answer names them."""
    return tuple(Citation(topic.slug, topic.title, topic.link) for topic in topics)


def passage_text(passage: Passage, sentences: Sentences) -> str:
    """The passage as Markdown, under its own heading where it has one, with a remark where it does not hold today."""
    heading, text = passage.section.heading, passage.section.text
    if passage.validity != "valid":
        text = f"{text}\n\n{_remark(passage, sentences)}"
    return f"**{heading}**\n\n{text}" if heading else text


def _remark(passage: Passage, sentences: Sentences) -> str:
    topic = passage.topic
    is_over = passage.validity == "ended"
    day = topic.valid_until if is_over else topic.valid_from
    assert day is not None
    parts = {"day": f"{day:%d}", "month": f"{day:%m}", "year": day.year}
    return sentences(topic.language)("validity.ended" if is_over else "validity.not_yet", **parts)


def _titled(passage: Passage, sentences: Sentences) -> str:
    """One of two answers: under its topic's title, as short as its first paragraph and the list or table that belongs to it."""
    blocks = passage.section.text.split("\n\n")
    short = "\n\n".join(blocks[: 2 if blocks[0].endswith(":") else 1])
    text = passage_text(replace(passage, section=Section(None, short)), sentences)
    heading = passage.section.heading
    return f"**{passage.topic.title}{f' · {heading}' if heading else ''}**\n\n{text}"


def _choices(answers: Sequence[Passage]) -> tuple[str, ...]:
    return tuple(answer.topic.offer(answer.section) for answer in answers)


def _further_reading(answers: Sequence[Passage]) -> tuple[str, ...]:
    """Other parts of the same topic as buttons; where there are two topics, the rest of each."""
    best = answers[0]
    if len(answers) > 1:
        return tuple(answer.topic.offer(_next_section(answer)) for answer in answers if len(answer.topic.sections) > 1)
    others = [section for section in best.topic.sections if section.heading and section is not best.section]
    return tuple(best.topic.offer(section) for section in others[:2])


def _next_section(answer: Passage) -> Section:
    sections = answer.topic.sections
    return sections[(sections.index(answer.section) + 1) % len(sections)]
