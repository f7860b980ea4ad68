"""Attempts to take the assistant away from its work, recognised by rules: sure ones only, the rest is left to others.

The rules stand in injection_rules.txt. They read a plain form of the text, so that accents, capitals, look-alike letters,
invisible characters and digits in place of letters do not hide anything. Only the marks of chat formats, commands and templates
are looked for in the text as it came."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

_LOOK_ALIKES = str.maketrans("абеікмнорстухѕјԁɡαερουντ", "abeikmhopctyxsjdgaepouvt")
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"(?=\w*[a-z])(?=[\w@$]*[a-z][\w@$]*[a-z])[\w@$]*[013457@$][\w@$]*", re.ASCII)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")  # where accents and invisible characters are
_NO_WORD = re.compile(r"[\W_]+")
_SINGLE_LETTERS = re.compile(r"\b(\w) (?=\w\b)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")

_RUN_TOGETHER = re.compile(
    r"ignor\w{0,3}(?:all|any|the|toutes|les|tes|your|previous|prior|precedentes|my){1,4}(?:instructions?|consignes|prompts?|rules|regles)"
    r"|oublie(?:toutes)?(?:tes|les)(?:instructions|consignes|regles)|disregard(?:all|the|your|previous|prior){1,3}instructions"
    r"|(?:reveal|show|print|donne|revele|affiche)(?:me|moi)?(?:your|ton|the|le)(?:system)?prompt|jailbreak|doanythingnow"
)


Misuse = Literal["orders", "other_work"]


def misuse(text: str) -> Misuse | None:
    """What a text surely does: redirect the assistant or learn what it was told, or only ask for other work (a poem)."""
    readings = [_reading(text), *map(_reading, _decoded(text))]
    return "orders" if "orders" in readings else "other_work" if "other_work" in readings else None


def plain_words(text: str) -> str:
    """The words in small letters, without accents, look-alikes, invisible characters and digits in place of letters."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LOOK_ALIKES)
    visible = _BEYOND_ASCII.sub(_if_it_shows, decomposed)
    letters = _LEET_WORD.sub(lambda word: word[0].translate(_LEET), visible.replace("œ", "oe"))
    return _NO_WORD.sub(" ", letters).strip()


def _if_it_shows(character: re.Match[str]) -> str:
    return "" if unicodedata.category(character[0]) in ("Mn", "Cf", "Me") else character[0]


def _reading(text: str) -> Misuse | None:
    rules = _rules()
    plain = plain_words(text)
    together = _SINGLE_LETTERS.sub(r"\1", plain)
    if (
        any(mark.search(text) for mark in rules.marks)
        or any(rule.search(f"{plain} ") for rule in rules.orders)
        or _RUN_TOGETHER.search(together)
        or _RUN_TOGETHER.search(plain.replace(" ", "")[::-1])
    ):
        return "orders"
    return "other_work" if any(rule.search(f"{plain} ") for rule in rules.other_work) else None


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        try:
            yield base64.b64decode(match[0] + "=" * (-len(match[0]) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue


class _Rules(NamedTuple):
    orders: tuple[re.Pattern[str], ...]  # for the plain words, each followed by one blank
    other_work: tuple[re.Pattern[str], ...]  # the same
    marks: tuple[re.Pattern[str], ...]  # for the text as it came


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    lines = list(_joined_lines((files("okichat.guard") / "injection_rules.txt").read_text("utf-8")))
    lists: dict[str, str] = {}
    for line in lines:
        if not line.startswith(("- ", "+ ", "= ")):
            name, _, words = line.partition(": ")
            lists[name] = _filled(words, lists)
    orders, other_work = (
        tuple(_rule(line[2:], lists) for line in lines if line.startswith(sign)) for sign in ("- ", "+ ")
    )
    marks = tuple(re.compile(line[2:], re.IGNORECASE) for line in lines if line.startswith("= "))
    return _Rules(orders, other_work, marks)


def _rule(line: str, lists: dict[str, str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S){''.join(_part(token, lists) for token in _tokens(line))}")


def _joined_lines(text: str) -> Iterator[str]:
    """Rules and lists, each on one line: lines that begin with blanks go on with what was before."""
    pending = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("  "):
            pending += (" " if pending.startswith(("- ", "+ ")) else "|") + line.strip()
            continue
        if pending:
            yield pending
        pending = "" if line.startswith("#") else line


def _tokens(rule: str) -> Iterator[str]:
    """The parts between blanks, where those within brackets do not count."""
    depth, token = 0, ""
    for character in f"{rule} ":
        depth += (character == "(") - (character == ")")
        if character == " " and not depth:
            yield token
            token = ""
        else:
            token += character


def _part(token: str, lists: dict[str, str]) -> str:
    """One token of a rule as an expression that also takes the blank behind it."""
    if gap := re.fullmatch(r"\.\.(\d+)(?:-(.+))?", token):
        unless = f"(?!(?:{_filled(gap[2], lists)}) )" if gap[2] else ""
        return rf"(?:{unless}\w+ ){{0,{gap[1]}}}"
    if token.startswith("~"):
        words = _filled(token[1:], lists).removeprefix("(?:").removesuffix(")")
        return "".join(f"(?<!\\b{word} )" for word in words.split("|"))
    if token.startswith("!"):
        return f"(?!(?:{_filled(token[1:], lists)}) )"
    if token.endswith(" )*"):
        return _filled(token, lists)
    optional = token.endswith((">?", ")?"))
    return f"(?:{_filled(token.removesuffix('?') if optional else token, lists)} )" + "?" * optional


def _filled(words: str, lists: dict[str, str]) -> str:
    """Word lists put in where they are named; groups catch nothing."""
    filled = re.sub(r"<(\w+)>", lambda name: f"(?:{lists[name[1]]})", words)
    return re.sub(r"\((?!\?)", "(?:", filled)
