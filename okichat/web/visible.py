"""Text without the characters that nobody sees but that change what a reader sees, or smuggle words past one.

Direction marks show text backwards, zero-width ones split a word that a rule looks for, tag characters spell hidden
sentences: https://www.unicode.org/reports/tr36/ and https://trojansource.codes/."""

from __future__ import annotations

import re

_EMOJI = (
    "\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff"
    "\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff"
)
# A joiner stays between two emoji, an emoji presentation selector stays after what it can change.
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters but tab, line feed, carriage return, next line
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphen, fillers, joiners of nothing
    "\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, direction, annotation
    "\ufe00-\ufe0e\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # variation selectors, musical formats, tags
    "]"
    rf"|(?<![{_EMOJI}\ufe0f])\u200d|\u200d(?![{_EMOJI}])"
    rf"|(?<![{_EMOJI}#*0-9©®])\ufe0f"
)
_LINE_BREAKS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\x85": "\n"})


def visible(text: str) -> str:
    """The same text without control, direction, zero-width and tag characters. Emoji made of several stay whole."""
    return _INVISIBLE.sub("", text.translate(_LINE_BREAKS))
