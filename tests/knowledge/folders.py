"""Knowledge folders that a test writes."""

from __future__ import annotations

from pathlib import Path


def write_topic(folder: Path, name: str, questions: tuple[str, ...], *, body: str = "Oui.\n", more: str = "") -> Path:
    """`name` is "fr/tarifs"; the title is the slug; `more` are further lines of the front matter."""
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"  - {question}\n" for question in questions)
    path.write_text(f"---\ntitle: {path.stem}\nquestions:\n{listed}{more}---\n{body}", encoding="utf-8")
    return path


def write_prices_and_place(folder: Path) -> Path:
    """Two small topics: `prix`, which names an amount, and `lieu`."""
    write_topic(folder, "fr/prix", ("Vos prix ?", "C'est combien ?"), body="Une mission coûte 300 €.\n")
    write_topic(folder, "fr/lieu", ("Votre adresse ?",), body="À Paris, au fond de la cour.\n")
    return folder
