"""A firm's own sentences, read from `fr.po` and `en.po` and held against the shipped ones whose place they take."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.support import NullTranslations

from okichat.content import folder
from okichat.errors import SettingsError
from okichat.language import LANGUAGES

_FILES = {f"{language}.po": language for language in LANGUAGES}
_LINE = re.compile(r'(?:(msgid|msgstr)\s*)?("(?:[^"\\]|\\["\\nt])*")')
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

Shipped = Mapping[str, NullTranslations]


class OwnSentences(NullTranslations):
    """What a firm says in one language; what it does not say is said by the catalogue it is laid over."""

    def __init__(self, sentences: Mapping[str, str], shipped: NullTranslations) -> None:
        super().__init__()
        self.sentences = sentences
        self.add_fallback(shipped)

    def gettext(self, message: str) -> str:
        """The sentence of a key."""
        return self.sentences.get(message) or super().gettext(message)

    ugettext = gettext  # the name that Flask-Babel calls


def own_sentences(own: Path, shipped: Shipped) -> dict[str, OwnSentences]:
    """What stands in the folder `own`, for each language that has a file there, laid over what is `shipped`.

    An empty sentence leaves the shipped one in force. Raises SettingsError with every mistake of every file."""
    strays = (path for path in sorted(own.glob("*.po")) if path.name not in _FILES)
    mistakes = [f"{path}: no page is in this language; write {' or '.join(_FILES)}" for path in strays]
    files = {language: own / name for name, language in _FILES.items() if (own / name).is_file()}
    if not files and not mistakes:
        mistakes.append(f"{own}: there is neither {' nor '.join(_FILES)}; put one of them there")
    found: dict[str, OwnSentences] = {}
    for language, path in files.items():
        try:
            entries = _read(path)
        except _Unreadable as unreadable:
            mistakes.append(str(unreadable))
            continue
        mistakes += (f"{path}:{mistake}" for mistake in _mistakes(entries, shipped))
        found[language] = OwnSentences({entry.key: entry.text for entry in entries}, shipped[language])
    if mistakes:
        raise SettingsError(mistakes)
    return found


@dataclass(slots=True)
class _Entry:
    """One sentence, and the line where its key stands."""

    line: int
    key: str
    text: str = ""
    has_text: bool = False

    def add(self, more: str) -> None:
        """Another line of the key, or of the sentence once its msgstr has come."""
        if self.has_text:
            self.text += more
        else:
            self.key += more


class _Unreadable(Exception):
    """The file is none of sentences; the text says where and why."""


def _read(path: Path) -> list[_Entry]:
    """Every sentence that is not empty; the head of a file, whose key is empty, is none."""
    entries: list[_Entry] = []
    for number, line in enumerate(_lines(path), 1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        last = entries[-1] if entries else None
        if found and found[1] == "msgid" and (last is None or last.has_text):
            entries.append(last := _Entry(number, ""))
        elif found and found[1] == "msgstr" and last and not last.has_text:
            last.has_text = True
        elif not found or found[1] or not last:
            wanted = "write msgid and the key, then msgstr and the sentence, both in quotes"
            raise _Unreadable(f"{path}:{number}: read {line!r}; {wanted}")
        last.add(json.loads(found[2], strict=False))
    if entries and not entries[-1].has_text:
        raise _Unreadable(f"{path}:{entries[-1].line}: this msgid has no msgstr; write the sentence behind it")
    return [entry for entry in entries if entry.key and entry.text]


def _lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    try:
        return [line.strip() for line in raw.decode("utf-8-sig").split("\n")]
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Unreadable(f"{path}:{line}: the file is not written in UTF-8; save it as UTF-8 in your editor") from None


def _mistakes(entries: Iterable[_Entry], shipped: Shipped) -> Iterator[str]:
    lines: dict[str, int] = {}
    for entry in entries:
        key, line = entry.key, entry.line
        if lines.setdefault(key, line) != line:
            yield f"{line}: {key} stands in line {lines[key]} already; remove one of the two"
        usual = [sentence for catalogue in shipped.values() if (sentence := catalogue.gettext(key)) != key]
        if not usual:
            near = difflib.get_close_matches(key, _shipped_keys(), n=1, cutoff=0)
            yield f"{line}: there is no sentence {key}; did you mean {near[0]}?"
        else:
            yield from (f"{line}: {key}: {mistake}" for mistake in _stray_percents(entry.text, usual))


def _stray_percents(text: str, usual: Iterable[str]) -> Iterator[str]:
    """What the code could not fill in."""
    known = {f"%({name})s" for sentence in usual for name in _PLACEHOLDER.findall(sentence)}
    given = f"it is given {', '.join(sorted(known))}" if known else "it is given nothing to fill in"
    for name in dict.fromkeys(_PLACEHOLDER.findall(text)):
        if f"%({name})s" not in known:
            yield f"there is no %({name})s here; {given}"
    if "%" in _PLACEHOLDER.sub("", text):
        yield f"a percent sign stands only in front of what is filled in; {given}"


def _shipped_keys() -> list[str]:
    return [entry.key for entry in _read(folder("translations") / LANGUAGES[0] / "LC_MESSAGES" / "messages.po")]
