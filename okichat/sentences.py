"""The sentences of the translations, by key: the shipped ones, and before them those of the firm itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from babel.support import NullTranslations, Translations

from okichat.content import folder
from okichat.language import LANGUAGES
from okichat.own_sentences import OwnSentences, own_sentences

Say = Callable[..., str]


class Sentences:
    """Says sentences: `sentences("fr")("small_talk.hello", name="Oki Expertise")` fills in `%(name)s`.

    catalogues  what each language can say, by language
    own         those of the languages in which the firm has sentences of its own
    """

    def __init__(self, own: Path | None = None) -> None:
        """`own`: the folder with a firm's sentences. Raises SettingsError with every mistake in it."""
        shipped = str(folder("translations"))
        self.catalogues: dict[str, NullTranslations] = {
            language: Translations.load(shipped, [language]) for language in LANGUAGES
        }
        self.own: dict[str, OwnSentences] = {}
        if own is not None:
            self.own = own_sentences(own, self.catalogues)
            self.catalogues |= self.own
        self._says = {language: _say_from(catalogue) for language, catalogue in self.catalogues.items()}

    def __call__(self, language: str) -> Say:
        """What says sentences in `language`; where there is no translation for it, in the default one.

        It raises KeyError for a key that has no sentence, and for a placeholder that was not given."""
        return self._says.get(language) or self._says[LANGUAGES[0]]


def _say_from(catalogue: NullTranslations) -> Say:
    def say(key: str, /, **values: object) -> str:
        sentence = catalogue.gettext(key)
        if sentence == key:  # what gettext gives where it finds nothing
            raise KeyError(key)
        return sentence % values if values else sentence

    return say
