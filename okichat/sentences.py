"""The sentences of the translations, by key, for code that knows no request, in the language of the text at hand."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import cache

from okichat.content import folder
from okichat.language import LANGUAGES


class _NothingBehind(gettext.NullTranslations):
    """Stands behind the catalogue: a key that reaches it has no sentence."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    found = gettext.translation("messages", folder("translations"), [spoken])
    found.add_fallback(_NothingBehind())
    return found


def sentences(language: str) -> Callable[..., str]:
    """Say sentences in `language`: `sentences("fr")("small_talk.hello", name="Oki Expertise")` fills in `%(name)s`.

    It raises KeyError for a key that has no sentence, and for a placeholder that was not given. Where there is no
    translation for `language`, the default one speaks."""
    catalogue = _catalogue(language)

    def say(key: str, /, **values: object) -> str:
        sentence = catalogue.gettext(key)
        return sentence % values if values else sentence

    return say
