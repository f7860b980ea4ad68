"""What no person asks: floods of links, and strings of letters that are no words.

Sure signs only: a question with a link or two, in abbreviations, with slips of the pen or in another script has none."""

from __future__ import annotations

import re

LINKS, GIBBERISH = "links", "gibberish"

_MOST_LINKS, _MOST_NAMES_OF_SITES = 2, 5
_LINK = re.compile(r"(?:https?://|\bwww\.)\S+", re.I)
_NAME_OF_SITE = re.compile(
    r"(?<![@\w.])[\w-]{2,}\.(?:com|net|org|info|biz|xyz|top|ru|cn|shop|site|online|click|io)\b", re.I
)
_MARKED_UP_LINK = re.compile(r"\[url[=\]]|<a\s[^>]*href|\[link[=\]]", re.I)

_WORD = re.compile(r"[a-zà-öø-ÿœ]+")
_LEAST_LETTERS = 12
_LEAST_WORD_LETTERS = 6  # shorter ones may be abbreviations
_MOST_WORD_LETTERS = 45
_UNPRONOUNCEABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|(.)\1{4}")
_KEYBOARD_ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_KEYS_IN_A_ROW = 5
_ONE_SIGN_AGAIN = re.compile(r"(\w)\1{11}")
_LEAST_CHARS, _LEAST_SHARE_OF_LETTERS = 20, 0.15


def signs_of_nonsense(text: str) -> tuple[str, ...]:
    """LINKS, GIBBERISH, both or none."""
    links = (
        len(_LINK.findall(text)) > _MOST_LINKS
        or len(_NAME_OF_SITE.findall(text)) > _MOST_NAMES_OF_SITES
        or _MARKED_UP_LINK.search(text)
    )
    return tuple(sign for sign, is_there in ((LINKS, links), (GIBBERISH, _is_gibberish(text.lower()))) if is_there)


def _is_gibberish(text: str) -> bool:
    if _ONE_SIGN_AGAIN.search(text):
        return True
    if len(text) >= _LEAST_CHARS and sum(map(str.isalnum, text)) < len(text) * _LEAST_SHARE_OF_LETTERS:
        return True
    words = _WORD.findall(_LINK.sub(" ", text))
    letters = sum(map(len, words))
    if letters < _LEAST_LETTERS:
        return False
    return 2 * sum(len(word) for word in words if _is_no_word(word)) > letters


def _is_no_word(word: str) -> bool:
    if len(word) < _LEAST_WORD_LETTERS:
        return False
    return len(word) > _MOST_WORD_LETTERS or bool(_UNPRONOUNCEABLE.search(word)) or _is_row_of_keys(word)


def _is_row_of_keys(word: str) -> bool:
    pieces = (word[start : start + _KEYS_IN_A_ROW] for start in range(len(word) - _KEYS_IN_A_ROW + 1))
    return any(piece in row or piece[::-1] in row for piece in pieces for row in _KEYBOARD_ROWS)
