"""What people put into texts to make another's browser run, load or betray something. `alert(1)` stands for the harm.

The classes are those of the OWASP and PortSwigger cheat sheets and of published Markdown exploits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__).parent
_EVENTS = """
abort afterprint animationcancel animationend animationiteration animationstart auxclick beforeinput beforematch
beforeprint beforetoggle beforeunload blur cancel canplay change click close contextmenu copy cuechange cut dblclick
drag dragend dragenter dragleave dragover dragstart drop durationchange ended error focus focusin focusout formdata
fullscreenchange gotpointercapture hashchange input invalid keydown keypress keyup load loadeddata loadedmetadata
loadstart lostpointercapture message mousedown mouseenter mouseleave mousemove mouseout mouseover mouseup mousewheel
pagehide pageshow paste play playing pointercancel pointerdown pointerenter pointerleave pointermove pointerout
pointerover pointerrawupdate pointerup popstate progress ratechange reset resize scroll scrollend search seeked
seeking select selectionchange selectstart stalled storage submit suspend timeupdate toggle touchend touchmove
touchstart transitionend transitionrun transitionstart unhandledrejection unload volumechange wheel
""".split()
HTML = (_HERE / "attacks_html.txt").read_text("utf-8").removesuffix("\n").split("\n")
_MARKDOWN = (_HERE / "attacks_markdown.txt").read_text("utf-8")


def attacks() -> Iterator[str]:
    """Every payload alone, and the HTML ones also where Markdown treats text in another way."""
    yield from HTML
    yield from (f"<b on{event}=alert(1) tabindex=0>x</b>" for event in _EVENTS)
    yield from _markdown_attacks()
    for payload in HTML[::3]:
        yield f"Bonjour **{payload}** et merci"
        yield f"- un\n- {payload}\n"
        yield f"| a | b |\n|---|---|\n| {payload} | c |\n"
        yield f"> {payload}"
        yield f"[{payload}](https://www.oki.example)"
        yield f"[x]({payload})"
        yield f"![{payload}]({payload})"
        yield f"```{payload}\n{payload}\n```"
        yield f"## {payload}"
        yield f"[r][r]\n\n[r]: {payload}"


def _markdown_attacks() -> Iterator[str]:
    """Lines are payloads of their own; those that belong together are given together as well."""
    yield from (line for line in _MARKDOWN.split("\n") if line)
    yield _MARKDOWN
