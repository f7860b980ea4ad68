"""Which of the two languages a text is in, decided without network and safely on short texts."""

from __future__ import annotations

import re

LANGUAGES = ("fr", "en")  # the first is the default

_WORD = re.compile(r"[a-zà-öø-ÿœ]+")
_ACCENT = re.compile(r"[àâçèéêëîïôùûœ]")
# Words that the other language does not have: a word both have ("on", "an", "or", "son", "me", "long", "client") says nothing.
_FRENCH = frozenset(
    """
    l le la les un une des du de au aux et est sont suis es je j tu il elle nous vous ils elles mon ma mes ton ta tes votre vos
    notre nos leur leurs ce cet cette ces qui que qu quoi quel quelle quels quelles combien comment pourquoi quand ou où dans
    pour par avec sans sur sous chez pas ne plus moins tres très bonjour bonsoir salut coucou merci svp stp oui non avez avoir
    ai ont fait faire faites peut peux pouvez voudrais veux besoin faut entreprise société societe cabinet horaires tarif
    tarifs prix devis comptable paie impôt impots rendez rdv koi ki slt bjr bsr cmb pk jveux jvoudrais vs pr recette
    """.split()
)
_ENGLISH = frozenset(
    """
    the of to and is are am was be i you he she we they my your our their his her its this that these those who what which how
    why when where with without in for from by at not do does did can could would should will have has had need want it hello
    hi hey thanks thank please yes company accountant accounting tax taxes opening hours price prices fees quote payroll
    appointment much many there any us into about best good morning afternoon evening night bye tell write give show make find
    help need free open closed near today tomorrow recipe translate book buy sell start run hire employee employees owner law
    rules ignore forget act pretend previous instructions
    """.split()
)


def detect_language(text: str, default: str = LANGUAGES[0]) -> str:
    """ "fr" or "en": the language whose own words the text has more of, `default` when neither clearly leads."""
    small = text.lower()
    words = _WORD.findall(small)
    french = sum(word in _FRENCH for word in words)
    english = sum(word in _ENGLISH for word in words)
    if french == english:
        return "fr" if _ACCENT.search(small) else default
    return "fr" if french > english else "en"
