"""`python -m okichat knowledge …`, as the operator types it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from okichat.knowledge.library import load_library
from tests.doubles.clock import StoppedClock
from tests.knowledge.conftest import DETAILS, ROOT
from tests.knowledge.folders import write_topic
from tests.site import Site

ODD = "Avez-vous un club de dégustation ?"


def run(site: Site, *arguments: str) -> Result:
    return site.app.test_cli_runner().invoke(args=["okichat", "knowledge", *arguments])


def test_the_shipped_topics_pass_with_warnings_about_what_is_not_set(site: Site) -> None:
    plain, strict = run(site, "lint"), run(site, "lint", "--strict")

    assert plain.exit_code == 0, plain.output
    assert "{phone} is not set" in plain.output
    assert plain.output.splitlines()[-1].startswith("0 errors, ")
    assert strict.exit_code == 1


def test_a_suggested_question_that_no_topic_answers_is_a_warning(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    write_topic(tmp_path / "own", "fr/velos", ("Louez-vous des vélos ?", "louer un vélo", "vélo de location"))
    own = {"OKICHAT_KNOWLEDGE": str(tmp_path / "own")}

    usual = run(open_site(**own), "lint")
    chosen = run(open_site(**own, OKICHAT_SUGGESTIONS="Louez-vous des vélos ?|Vendez-vous des pianos ?"), "lint")

    assert "no topic answers the suggested question 'Comment créer mon entreprise" in usual.output
    assert [line for line in chosen.output.splitlines() if "OKICHAT_SUGGESTIONS" in line] == [
        "warning  OKICHAT_SUGGESTIONS: no topic answers the suggested question 'Vendez-vous des pianos ?'; "
        "suggest questions that visitors get an answer to"
    ]


@pytest.mark.parametrize(("target", "code"), [("/contact", 0), ("/confidentialite", 0), ("/nowhere", 1)])
def test_links_are_held_against_the_pages_of_this_site(
    open_site: Callable[..., Site], tmp_path: Path, target: str, code: int
) -> None:
    write_topic(tmp_path / "own", "fr/prix", ("Vos prix ?",), body=f"Voir [cette page]({target}).\n")

    said = run(open_site(OKICHAT_KNOWLEDGE=str(tmp_path / "own")), "lint")

    assert said.exit_code == code, said.output


def test_what_was_not_answered_is_suggested_and_written_where_it_belongs(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    shutil.copytree(ROOT / "knowledge", own)
    site = open_site(StoppedClock())
    for text in (ODD, ODD, "Quels sont vos tarifs ?"):
        site.ask(text)

    said = run(site, "suggest", "--write", str(own))

    assert said.exit_code == 0, said.output
    assert said.output.startswith(f"  1. {ODD}  (2 times: ")
    assert "  2." not in said.output
    written = Path(said.output.split("written: ")[1].strip())
    assert ODD in written.read_text(encoding="utf-8")
    load_library(own, {"fr": DETAILS, "en": DETAILS})  # still a library


def test_only_the_picked_group_is_written(site: Site, tmp_path: Path) -> None:
    for text in (ODD, ODD, "Organisez-vous un apéritif de quartier ?"):
        site.ask(text)

    said = run(site, "suggest", "--write", str(tmp_path), "--pick", "2")

    assert said.output.count("written: ") == 1
    assert [path.name for path in tmp_path.rglob("_*.md")] == ["_organisez-vous-un-aperitif-de-quartier.md"]


def test_where_everything_was_answered_nothing_is_suggested(site: Site) -> None:
    site.ask("Quels sont vos tarifs ?")

    assert run(site, "suggest").output.startswith("Nothing to add")
