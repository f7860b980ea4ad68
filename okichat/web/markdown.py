"""Markdown that somebody else wrote - the model, a visitor, a knowledge file - as HTML that is safe in any page.

Two walls, either of which would do: mistune never lets raw HTML through, and nh3 keeps an allow-list of what comes out.
No image and no foreign link, because both carry data away (https://simonwillison.net/tags/exfiltration-attacks/)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import mistune
import nh3
from markupsafe import Markup
from mistune.core import BlockState
from mistune.plugins.formatting import strikethrough
from mistune.plugins.table import table
from mistune.plugins.url import url
from mistune.util import safe_entity, striptags

from okichat.web.visible import visible

_TAGS = {"p", "br", "hr", "strong", "em", "del", "ul", "ol", "li", "h3", "h4", "blockquote", "code", "pre", "a"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "rel", "target"}, "ol": {"start"}, "th": {"scope"}}
_REL = "nofollow noopener noreferrer"
_MAILTO = re.compile(r"mailto:[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII | re.IGNORECASE)
_TEL = re.compile(r"tel:\+?(?:[0-9().-]|%20){3,30}", re.IGNORECASE)
_WEB_CHARACTERS = re.compile(r"https?://[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+", re.IGNORECASE)
_LOOKS_LIKE_HOST = re.compile(r"\s*(?:https?://)?(?:www\.)?([\w-]+(?:\.[\w-]+)+)(?:[/:?#]\S*)?\s*", re.IGNORECASE)
_MAX_SHOWN_URL_CHARS = 200
_TOP_HEADING, _LOW_HEADING = 3, 4


@lru_cache(maxsize=256)  # a topic is shown to many visitors
def render(markdown: str, allowed_hosts: frozenset[str]) -> Markup:
    """HTML made of paragraphs, lists, tables, quotes, code and headings from h3, without any attribute but a link's.

    `allowed_hosts` are the hosts links may go to, in small letters, with the port where it is not the usual one. A link to
    another host, or with another scheme than http, https, mailto and tel, is shown as its text and its address."""
    unchecked = str(_parser(allowed_hosts)(visible(markdown)))

    def keep(tag: str, attribute: str, value: str) -> str | None:
        return value if _is_expected(tag, attribute, value, allowed_hosts) else None

    clean = nh3.clean(
        visible(unchecked),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        clean_content_tags=set(),
    )
    return Markup(visible(clean))


@lru_cache(maxsize=8)
def _parser(allowed_hosts: frozenset[str]) -> mistune.Markdown:
    parser = mistune.Markdown(_Renderer(allowed_hosts), plugins=[table, strikethrough, url])
    parser.before_render_hooks.append(_shift_headings)
    return parser


def is_allowed_link(address: str, allowed_hosts: frozenset[str]) -> bool:
    """Whether an address may be a link: a plain e-mail address, a telephone number, or a page of an allowed host."""
    return bool(_MAILTO.fullmatch(address) or _TEL.fullmatch(address)) or _web_host(address) in allowed_hosts


def _web_host(address: str) -> str | None:
    """The host of a http(s) address, with the port if it is not the usual one; None for all that browsers read otherwise."""
    if not _WEB_CHARACTERS.fullmatch(address):
        return None
    try:
        pieces = urlsplit(address)
        port = pieces.port
    except ValueError:
        return None
    if "@" in pieces.netloc or not pieces.hostname:
        return None
    usual = {"http": 80, "https": 443}[pieces.scheme]
    return pieces.hostname if port in (None, usual) else f"{pieces.hostname}:{port}"


def _is_expected(tag: str, attribute: str, value: str, allowed_hosts: frozenset[str]) -> bool:
    match tag, attribute:
        case "a", "href":
            return is_allowed_link(value, allowed_hosts)
        case "a", "rel":
            return value == _REL
        case "a", "target":
            return value == "_blank"
        case "ol", "start":
            return value.isascii() and value.isdigit()
    return (tag, attribute, value) == ("th", "scope", "col")


def _shift_headings(markdown: mistune.Markdown, state: BlockState) -> None:
    """The highest headings of the text become h3, all lower ones h4: the page above has h1 and h2."""
    headings = [token for token in _all_tokens(state.tokens) if token["type"] == "heading"]
    top = min((token["attrs"]["level"] for token in headings), default=1)
    for token in headings:
        token["attrs"]["level"] = _TOP_HEADING if token["attrs"]["level"] == top else _LOW_HEADING


def _all_tokens(tokens: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for token in tokens:
        yield token
        yield from _all_tokens(token.get("children", ()))


class _Renderer(mistune.HTMLRenderer):
    """mistune's HTML without images, raw HTML, classes, styles and links to unknown places."""

    def __init__(self, allowed_hosts: frozenset[str]) -> None:
        super().__init__(escape=True)
        self._allowed_hosts = allowed_hosts

    def link(self, text: str, url: str, title: str | None = None) -> str:
        shown = html.unescape(striptags(text)).strip()
        if is_allowed_link(url, self._allowed_hosts) and not self._names_another_host(shown, url):
            web = f' rel="{_REL}" target="_blank"' if url.lower().startswith("http") else ""
            return f'<a href="{html.escape(url)}"{web}>{text}</a>'
        address = url.removeprefix("mailto:")
        if not address or shown in (address, html.unescape(url)):
            return text
        short = address if len(address) <= _MAX_SHOWN_URL_CHARS else f"{address[:_MAX_SHOWN_URL_CHARS]}…"
        return f"{text} ({html.escape(short)})"

    def _names_another_host(self, shown: str, url: str) -> bool:
        """Whether the link's text promises a site that the link does not go to."""
        named, host = _LOOKS_LIKE_HOST.fullmatch(shown), _web_host(url)
        return bool(named and host) and named[1].lower() != host.partition(":")[0].removeprefix("www.")  # type: ignore[index, union-attr]

    def text(self, text: str) -> str:
        return safe_entity(text)  # "&nbsp;" is a blank here, as Markdown has it, and not six characters

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return striptags(text)

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{html.escape(code)}</code></pre>\n"


_LIST_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_FENCE = re.compile(r"\s{0,12}(`{3,}|~{3,})(.*)")


class BlockSplitter:
    """Cuts a Markdown text that arrives in pieces into blocks that can be rendered one by one.

    A block is a heading, or what stands between blank lines: a paragraph, a table, a quote; a list with all its items
    and a fenced code stay whole. The blocks and the rest, one after the other, are the text."""

    def __init__(self) -> None:
        self._line = ""
        self._block: list[str] = []
        self._fence = ""
        self._in_list = False

    def feed(self, delta: str) -> Iterator[str]:
        """Take the next piece of text; gives each block that it finishes, with its line breaks."""
        *lines, self._line = (self._line + delta).split("\n")
        for line in lines:
            yield from self._take(line + "\n")

    def rest(self) -> str:
        """What is not finished yet; the last block, once all text has come."""
        return "".join(self._block) + self._line

    def _take(self, line: str) -> Iterator[str]:
        if self._fence:
            self._block.append(line)
            if _closes(line, self._fence):
                self._fence = ""
                if not self._in_list:
                    yield self._finish()
            return
        opening = _FENCE.match(line)
        if self._has_text() and self._starts_anew(line, opening):
            yield self._finish()
        begins = bool(line.strip()) and not self._has_text()
        self._block.append(line)
        if begins:
            self._in_list = bool(_LIST_ITEM.match(line))
        elif not line.strip() and not self._in_list and self._has_text():
            yield self._finish()
            return
        if opening and not ("`" in opening[1] and "`" in opening[2]):
            self._fence = opening[1]
        elif _HEADING.match(line) and not self._in_list:
            yield self._finish()

    def _has_text(self) -> bool:
        return any(line.strip() for line in self._block)

    def _starts_anew(self, line: str, opening: re.Match[str] | None) -> bool:
        """Whether this line ends the block before it although it may itself be of any kind."""
        if self._in_list:
            after_blank = bool(self._block) and not self._block[-1].strip()
            belongs = bool(_LIST_ITEM.match(line)) or line[:2].isspace() or not line.strip()
            return not belongs and (after_blank or bool(opening or _HEADING.match(line)))
        return bool(opening or _HEADING.match(line))

    def _finish(self) -> str:
        block = "".join(self._block)
        self._block, self._in_list, self._fence = [], False, ""
        return block


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and not mark.strip(fence[0])
