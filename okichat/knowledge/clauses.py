"""What a text asks in each of its parts, and what it says the visitor does not want."""

from __future__ import annotations

import re
from typing import NamedTuple

from okichat.knowledge.words import fold

_SENTENCES = re.compile(r"(?<=[.!?…;:])\s+|, ")
_JOINED = re.compile(
    r"\s*(?:[.!?…;,]+(?:\s+|$)|\s(?:et|ainsi que|puis|and|as well as|plus)\s)\s*(?:et |and |aussi |also |sinon )*",
    re.IGNORECASE,
)
# What one does, or has done, with the firm's help: whoever negates it does not want the answer that explains how.
_DEEDS = {
    "fr": "creer|monter|ouvrir|lancer|constituer|fonder|immatriculer|demarrer|fermer|dissoudre|liquider|ceder|vendre|racheter"
    "|embaucher|recruter|licencier|externaliser|prendre|demander|reserver|changer|m'installer|me lancer|me mettre",
    "en": "create|set up|start|open|register|incorporate|launch|close|dissolve|wind up|sell|buy|hire|recruit|dismiss|outsource"
    "|book|make|request|change",
}
_WISHES = {
    "fr": r"(?:(?:veu[xt]|voulons|voudrais|voudrait|souhait\w+|cherche\w*|compte|desir\w+|envisage\w*|prevo\w+|vais) "
    r"(?:surtout |absolument |vraiment |plus )?(?:pas|plus|point)|(?:pas|plus) (?:envie|besoin|l'intention|question)"
    r"|s'agit pas|est pas (?:pour|question)|sans vouloir)(?: (?:a|de|du|d')| pour)? ?",
    "en": r"(?:(?:do not|don't|dont|did not|didn't|not) (?:really |actually )?(?:want|wish|need|plan|intend|going|looking|trying)"
    r"(?: to)?|no need to|rather not|without wanting to) ",
}
_WHO = {
    "fr": r"(?:\b(?:je |j'|on |nous |il )?(?:ne |n')?(?:ai |avons |a |y a |est )?)?",
    "en": r"(?:\b(?:i|we)(?:'m| am|'re| are|'d| would)? )?",
}
_CONTRAST = re.compile(
    r"^(?:(?:mais|juste|seulement|plutot|simplement|but|just|only|rather|instead"
    r"|je (?:veux|voudrais|souhaite|cherche)|i (?:want|need)(?: to)?) )+"
)
_ARTICLE = re.compile(r"^(?:de |d'|du |des |une? |le |la |l'|any |an? |the )+")
_OF_MINE = {"la mienne": "ma", "le mien": "mon", "les miennes": "mes", "les miens": "mes", "la notre": "notre"}
_OF_MINE |= {"le notre": "notre", "mine": "my", "ours": "our"}
_MINE = re.compile(rf"\b(?:{'|'.join(_OF_MINE)})\b")
_UNTIL = {
    "fr": r"(?=[,.;:!?]|$| (?:mais|juste|seulement|plutot|simplement|je (?:veux|voudrais|souhaite|cherche)) )",
    "en": r"(?=[,.;:!?]|$| (?:but|just|only|rather|instead|i (?:want|need|would)) )",
}
_REFUSED = {
    language: re.compile(
        rf"{_WHO[language]}\b{_WISHES[language]}(?P<refused>(?:{_DEEDS[language]})\b(?P<object>.*?)){_UNTIL[language]}"
    )
    for language in _DEEDS
}


class Declined(NamedTuple):
    """A deed that is not wanted, and what is wanted in its place; the latter is empty where the text does not say."""

    deed: str
    wanted: str


def sentences_of(text: str) -> list[str]:
    """The sentences and parts between commas."""
    return [clause for clause in _SENTENCES.split(text) if clause]


def joined_questions(text: str) -> list[str]:
    """The parts that may each be a question: "vos tarifs et vos horaires ?" has two."""
    return [part for part in _JOINED.split(text) if part]


def declined(text: str, language: str) -> Declined | None:
    """What the text declines ("je ne veux pas créer de société, juste…"); None where nothing is declined.

    A wish about how something should be ("je ne veux pas payer trop cher") is none."""
    folded = re.sub(r"\s+", " ", fold(text)).strip()
    found = _REFUSED.get(language, _REFUSED["fr"]).search(folded)
    if found is None or folded[found.end() :].lstrip().startswith("?"):  # "pas besoin de prendre rendez-vous ?" asks
        return None
    rest = _CONTRAST.sub("", f"{folded[: found.start()]} {folded[found.end() :]}".strip(" ,.;:!"))
    things = _ARTICLE.sub("", found["object"].strip())
    return Declined(found["refused"], _MINE.sub(lambda pronoun: f"{_OF_MINE[pronoun[0]]} {things}", rest))
