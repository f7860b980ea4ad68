"""The shipped knowledge base, with details such as a firm sets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.guard.injection import misuse
from okichat.knowledge.findings import Findings
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.question import Exchange, Question

ROOT = Path(__file__).parents[2]
DETAILS: dict[str, str | None] = {
    "name": "Oki Expertise",
    "phone": "+33 1 23 45 67 89",
    "whatsapp": "+33 6 12 34 56 78",
    "email": "bonjour@example.fr",
    "address": "1 rue de la Paix, 75002 Paris",
    "hours": "du lundi au vendredi de 9 h à 18 h",
    "booking_url": "https://example.fr/rendez-vous",
    "retention_days": "30",
}

Ask = Callable[..., Findings]


@pytest.fixture(scope="session")
def shipped_library() -> Library:
    return load_library(ROOT / "knowledge", {"fr": DETAILS, "en": DETAILS})


@pytest.fixture(scope="session")
def search(shipped_library: Library) -> Search:
    return Search(shipped_library)


@pytest.fixture(scope="session")
def ask(search: Search) -> Ask:
    """Ask the shipped knowledge base as a visitor does: `ask("et le samedi ?", after=("Vos horaires ?", "horaires"))`."""

    def find(text: str, language: str = "fr", after: tuple[str, ...] = ()) -> Findings:
        history = (Exchange(after[0], "…", after[1:]),) if after else ()
        return search.find(Question(text, language, history=history, is_misuse=misuse(text) is not None))

    return find
