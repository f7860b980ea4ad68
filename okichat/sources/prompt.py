"""What GPT is told: the fixed part first (servers cache it and bill it less), then conversation, passages, question."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from string import Template

from okichat.errors import SettingsError
from okichat.knowledge.findings import Passage
from okichat.question import Exchange, Question
from okichat.sentences import Sentences
from okichat.sources.local import passage_text

OFF_TOPIC_MARKER = "[HORS-SUJET]"
_LANGUAGE_NAMES = {"fr": "français", "en": "anglais"}
_FILES = ("system.txt", "question.txt")
_MAX_PASSAGES_CHARS = 2400
_MAX_EXCHANGES = 3
_MAX_EXCHANGE_CHARS = 600

Message = dict[str, str]


class Prompt:
    """The two templates of the prompts folder, filled."""

    def __init__(self, folders: Sequence[Path], firm: str, sentences: Sentences) -> None:
        """`folders`: where `system.txt` and `question.txt` are, first hit wins. Raises SettingsError on an unknown `$name`,
        on a file that would never be read, and on a folder with neither."""
        for folder in folders:
            names = {path.name for path in folder.glob("*.txt")}
            if strays := sorted(names.difference(_FILES)):
                raise SettingsError([f"{folder / strays[0]}: no prompt is called so; name it {' or '.join(_FILES)}"])
            if not names:
                raise SettingsError([f"{folder}: there is neither {' nor '.join(_FILES)}; put one of them there"])
        self._system = _template("system.txt", folders, {"firm", "language_name", "off_topic_marker"})
        self._question = _template("question.txt", folders, {"passages", "question"})
        self._firm = firm
        self._sentences = sentences
        both = self._system.template + self._question.template + firm
        digest = hashlib.sha256(both.encode()).hexdigest()
        self.version = digest[:12]
        # Stands in the prompt and nowhere else: an answer that says it gives the prompt away.
        self.canary = f"okichat-{digest[12:28]}"

    def system(self, language: str) -> str:
        """The fixed part, the same for every question in one language."""
        name = _LANGUAGE_NAMES[language]
        rules = self._system.substitute(firm=self._firm, language_name=name, off_topic_marker=OFF_TOPIC_MARKER)
        return f"{rules}\n({self.canary})"

    def messages(self, question: Question, passages: Sequence[Passage], *, with_history: bool = True) -> list[Message]:
        """The messages of one call, within a fixed bound of characters."""
        history = question.history[-_MAX_EXCHANGES:] if with_history else ()
        asked = self._question.substitute(
            passages=_fenced(self._within_bound(passages)), question=_fenced(question.text)
        )
        return [
            {"role": "system", "content": self.system(question.language)},
            *(message for exchange in history for message in _earlier(exchange)),
            {"role": "user", "content": asked},
        ]

    def _within_bound(self, passages: Sequence[Passage]) -> str:
        texts: list[str] = []
        left = _MAX_PASSAGES_CHARS
        for passage in passages:
            text = f"# {passage.topic.title}\n{passage_text(passage, self._sentences)}"
            if texts and len(text) > left:
                break
            texts.append(text[:left])
            left -= len(text)
        return "\n\n".join(texts)


def _template(name: str, folders: Sequence[Path], known: set[str]) -> Template:
    path = next(path for folder in folders if (path := folder / name).is_file())
    template = Template(path.read_text(encoding="utf-8").strip())
    if not template.is_valid():
        raise SettingsError([f"{path}: a $ without a name behind it; write $$ for a dollar sign"])
    if unknown := set(template.get_identifiers()) - known:
        names = ", ".join(f"${name}" for name in sorted(known))
        raise SettingsError([f"{path}: unknown ${min(unknown)}; this prompt can use {names}"])
    return template


def _earlier(exchange: Exchange) -> list[Message]:
    return [
        {"role": "user", "content": _fenced(exchange.question)},
        {"role": "assistant", "content": exchange.answer[:_MAX_EXCHANGE_CHARS]},
    ]


def _fenced(text: str) -> str:
    """Text that cannot close the fence around it."""
    return text.replace("<", "‹").replace(">", "›")
