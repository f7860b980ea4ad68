"""What is doubtful in the topics is told with its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from okichat.knowledge.lint import Doubt, lint
from tests.knowledge.conftest import DETAILS, ROOT
from tests.knowledge.folders import write_topic

DAY = date(2026, 11, 22)


def doubts(folder: Path, details: dict[str, str | None] = DETAILS) -> list[Doubt]:
    """Those about the topics; examples of what is off topic are there."""
    for language in folder.glob("[a-z][a-z]"):
        if not (language / "_off_topic.txt").exists():
            (language / "_off_topic.txt").write_text("Quel temps fera-t-il ?\n")
    return lint(folder, {"fr": details, "en": details}, DAY, lambda path: path == "/contact")


def test_the_shipped_topics_leave_no_doubt() -> None:
    assert doubts(ROOT / "knowledge") == []


def test_nearly_the_same_example_in_two_topics_is_an_error(tmp_path: Path) -> None:
    write_topic(tmp_path, "fr/audit", ("Faites-vous des audits ?",))
    write_topic(tmp_path, "fr/paie", ("Une fiche de paie", "faites vous un audit", "audits, faites-vous des ?"))

    (found,) = doubts(tmp_path)

    assert (found.place, found.is_error) == ("fr/paie.md:6", True)
    assert "'Faites-vous des audits ?' of audit.md" in found.wrong


@pytest.mark.parametrize(
    ("more", "is_error", "wrong"),
    [
        ("valid_until: 2026-11-21\n", True, "ended on 2026-11-21"),
        ("valid_until: 2026-11-22\n", False, "ends in 0 days"),
        ("valid_until: 2026-12-22\n", False, "ends in 30 days"),
    ],
)
def test_a_date_that_is_past_is_an_error_and_one_that_is_near_a_warning(
    tmp_path: Path, more: str, is_error: bool, wrong: str
) -> None:
    write_topic(tmp_path, "fr/prime", ("Quelle prime ?",), more=more)

    (found,) = doubts(tmp_path)

    assert (found.place, found.is_error) == ("fr/prime.md:5", is_error)
    assert wrong in found.wrong


@pytest.mark.parametrize("target", ["tarifs.md", "/tarifs", "#prix", "www.example.fr"])
def test_a_link_that_leads_nowhere_on_this_site_is_an_error(tmp_path: Path, target: str) -> None:
    body = f"Voir [ici]({target}), [là](/contact), [ailleurs](https://example.fr) et [ainsi](mailto:a@example.fr).\n"
    write_topic(tmp_path, "fr/prime", ("Quelle prime ?",), body=body)

    assert [(found.place, found.wrong) for found in doubts(tmp_path)] == [
        ("fr/prime.md:6", f"the link to {target} leads nowhere")
    ]


def test_the_page_of_a_topic_is_looked_at_too(tmp_path: Path) -> None:
    write_topic(tmp_path, "fr/prime", ("Quelle prime ?",), more="link: /prime\n")

    assert [found.place for found in doubts(tmp_path)] == ["fr/prime.md:5"]


def test_a_topic_without_its_translation_is_a_warning(tmp_path: Path) -> None:
    write_topic(tmp_path, "fr/prime", ("Quelle prime ?",))
    write_topic(tmp_path, "en/fees", ("What fees?",))

    assert [str(found).split(";")[0] for found in doubts(tmp_path)] == [
        "warning  fr/fees.md: en/fees.md has no translation",
        "warning  en/prime.md: fr/prime.md has no translation",
    ]


def test_a_line_and_a_section_without_their_detail_are_warnings(tmp_path: Path) -> None:
    write_topic(
        tmp_path,
        "fr/joindre",
        ("Comment vous joindre ?",),
        body="Ici.\n\n## Téléphone\n\nAu {phone}.\n\n## Autre\n\nOui.\n",
    )

    found = doubts(tmp_path, DETAILS | {"phone": None})

    assert [(doubt.place, doubt.is_error) for doubt in found] == [
        ("fr/joindre.md:8", False),
        ("fr/joindre.md:10", False),
    ]
    assert "'Téléphone' is empty" in found[0].wrong
    assert "{phone} is not set" in found[1].wrong


def test_a_detail_that_many_lines_wait_for_is_told_once(tmp_path: Path) -> None:
    for slug in ("appeler", "joindre", "venir"):
        write_topic(tmp_path, f"fr/{slug}", (f"Comment {slug} ?",), body="Ici.\n\nAu {phone}.\n")

    (found,) = doubts(tmp_path, DETAILS | {"phone": None})

    assert found.place.startswith("fr/appeler.md:")
    assert "(and in 2 more lines)" in found.wrong


def test_a_folder_that_cannot_be_read_shows_every_mistake_of_it(tmp_path: Path) -> None:
    write_topic(tmp_path, "fr/prime", ("Quelle prime ?",), body="## Titre\n", more="tags: x\n")

    found = doubts(tmp_path)

    assert [doubt.place for doubt in found] == ["fr/prime.md:5", "fr/prime.md:7", "fr/prime.md:7"]
    assert all(doubt.mend for doubt in found)


def test_a_language_without_examples_of_what_is_off_topic_is_a_warning(tmp_path: Path) -> None:
    for name in ("fr/prime", "en/prime"):
        write_topic(tmp_path, name, ("Quelle prime ?",))
    (tmp_path / "en" / "_off_topic.txt").write_text("What is the weather like?\n")
    (tmp_path / "fr" / "_off_topic.txt").write_text("# une par ligne\n")

    (found,) = lint(tmp_path, {"fr": DETAILS, "en": DETAILS}, DAY, lambda path: True)

    assert (found.place, found.is_error) == ("fr/_off_topic.txt", False)
    assert "one a line" in found.mend


def test_a_file_that_looks_like_a_topic_and_is_not_read_is_a_warning(tmp_path: Path) -> None:
    topic = write_topic(tmp_path, "fr/prime", ("Quelle prime ?",))
    (topic.parent / "tarifs.md.txt").write_text("---\ntitle: Nos tarifs\n---\n")
    (topic.parent / "_notes.txt").write_text("à relire")

    (found,) = doubts(tmp_path)

    assert (found.place, found.is_error) == ("fr/tarifs.md.txt", False)
    assert "ends in .md" in found.mend
