"""`_("key")` in templates: the sentence of a key in the page's language, looked up once for each language and key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from babel.support import NullTranslations
from markupsafe import Markup


def speaker(catalogues: Mapping[str, NullTranslations], locale: Callable[[], str]) -> Callable[..., Markup]:
    """The function that templates call as `_` and `gettext`. `locale` tells the page's language.

    Values are escaped where they are put in; a key without a sentence is shown as it is."""

    @cache
    def sentence(language: str, key: str) -> Markup:
        return Markup(catalogues[language].ugettext(key))

    @cache
    def plain(language: str, key: str) -> Markup:
        return sentence(language, key) % {}

    def say(key: str, /, **values: object) -> Markup:
        language = locale()
        return sentence(language, key) % values if values else plain(language, key)

    return say
