"""The chat on pages of other sites: the loader that they embed, and the page that it shows in a frame."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from okichat.content import folder
from okichat.language import LANGUAGES
from okichat.sentences import Say
from okichat.web import presenter
from okichat.web.frame import NAME, page_template
from okichat.web.own_conversation import thread_again
from okichat.web.parts import Parts, current_parts

_LOADER = folder("static") / "embed.js"
_WORDS = "/* words */ {}"
# Its address never changes, so a new version must arrive soon.
_A_WHILE = "public, max-age=600, stale-while-revalidate=86400"

blueprint = Blueprint(NAME, __name__)


@blueprint.get("/widget")
def page() -> str:
    """The chat, compact, with nothing asked yet."""
    return render_template(page_template(), page=presenter.page_view())


@blueprint.post("/widget")
def restore() -> ResponseReturnValue:
    """The thread of the posted reference, for a frame that was opened anew; 204 where we did not sign it."""
    conversation = current_parts().references.read(request.form.get("conversation"))
    return thread_again(conversation) if conversation else ("", 204)


@blueprint.get("/embed.js")
def loader() -> ResponseReturnValue:
    """The script that a site embeds, with its few sentences in every language."""
    source = _LOADER.read_text(encoding="utf-8").replace(_WORDS, _words(current_parts()))
    response = Response(source, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = _A_WHILE
    response.add_etag()
    return response.make_conditional(request)


def _words(parts: Parts) -> str:
    """As JSON; the language of the site comes first, for pages that are in none of ours."""
    firm = parts.settings.name
    languages = sorted(LANGUAGES, key=lambda language: language != parts.settings.locale)
    words = {language: _words_in(parts.sentences(language), firm) for language in languages}
    return json.dumps(words, ensure_ascii=False)


def _words_in(say: Say, firm: str) -> dict[str, str]:
    return {
        "label": say("widget.label"),
        "title": say("widget.title", firm=firm),
        "close": say("widget.close"),
        "tab": say("widget.tab"),
    }
