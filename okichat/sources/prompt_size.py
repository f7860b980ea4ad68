"""How long prompts really are: those of conversations made of the questions that the knowledge gives as examples."""

from __future__ import annotations

from collections.abc import Iterator

from okichat.knowledge.library import Library
from okichat.knowledge.search import Search
from okichat.knowledge.topic_file import Topic
from okichat.money.estimate import likely_tokens
from okichat.question import Exchange, Question
from okichat.sources.prompt import Prompt

QUESTIONS_A_CONVERSATION = 3


def conversation_tokens(library: Library, search: Search, prompt: Prompt, language: str, answer_tokens: int) -> float:
    """The tokens of all prompts of one conversation, on average over the topics.

    Each answer before a question is taken to have `answer_tokens`, as far as the prompt's bound on history lets it in."""
    totals = [
        sum(likely_tokens(messages) for messages in _prompts(topic, search, prompt, language, answer_tokens))
        for topic in library.topics(language)
        if len(topic.questions) >= QUESTIONS_A_CONVERSATION
    ]
    return sum(totals) / len(totals) if totals else 0.0


def _prompts(
    topic: Topic, search: Search, prompt: Prompt, language: str, answer_tokens: int
) -> Iterator[list[dict[str, str]]]:
    answer = (topic.text * (1 + answer_tokens * 4 // len(topic.text)))[: answer_tokens * 4]
    history: tuple[Exchange, ...] = ()
    for text in topic.questions[:QUESTIONS_A_CONVERSATION]:
        question = Question(text, language, history=history)
        yield prompt.messages(question, search.find(question).passages)
        history = (*history, Exchange(text, answer, (topic.slug,)))
