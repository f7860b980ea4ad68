"""Whether a page is shown in the widget's frame, on a page of another site."""

from __future__ import annotations

from typing import Any

from flask import request

NAME = "widget"


def is_framed() -> bool:
    """Whether this request is for the widget, or for what its forms post to (`/chat?frame=widget`)."""
    return request.blueprint == NAME or request.args.get("frame") == NAME


def frame_arguments() -> dict[str, Any]:
    """What an address needs so that its reply is the widget again; nothing outside of the widget."""
    return {"frame": NAME} if is_framed() else {}


def page_template() -> str:
    """The template of the whole chat: in the frame the compact one."""
    return "widget/page.html" if is_framed() else "chat/page.html"
