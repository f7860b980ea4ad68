"""A topic that the firm adds, with the few examples one begins with: it is found by them, and takes nothing from the others."""

from __future__ import annotations

import shutil

import pytest

from okichat.knowledge.evaluation import read_questions
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.question import Question
from tests.knowledge.conftest import DETAILS, ROOT
from tests.knowledge.folders import write_topic

EXAMPLES = (
    "Travaillez-vous avec des associations loi 1901 ?",
    "compta pour une asso sportive",
    "Faut-il un commissaire aux comptes pour notre association ?",
)
BODY = "Oui : nous tenons les comptes de cinquante associations.\n\n## La subvention\n\nNous préparons le compte rendu financier.\n"


@pytest.fixture(scope="module")
def enlarged(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("enlarged")
    shutil.copytree(ROOT / "knowledge" / "fr", folder / "fr")
    write_topic(folder, "fr/associations", EXAMPLES, body=BODY)
    return load_library(folder, {"fr": DETAILS})


@pytest.fixture(scope="module")
def enlarged_search(enlarged: Library) -> Search:
    return Search(enlarged)


def test_it_takes_no_question_from_the_others(enlarged_search: Search) -> None:
    asked = [each for each in read_questions(ROOT / "tests" / "evaluation" / "report.jsonl") if each.language == "fr"]
    stories = [each.text for each in asked if each.kind == "long"]
    assert len(stories) > 10

    for text in [each.text for each in asked if each.kind == "off_topic"] + stories:
        topics = enlarged_search.find(Question.from_text(text)).topics[:1]
        assert not [topic for topic in topics if topic.slug == "associations"], text


@pytest.mark.parametrize("text", [*EXAMPLES, "Compta pour une ASSO sportive !"])
def test_its_own_examples_find_it(enlarged_search: Search, text: str) -> None:
    found = enlarged_search.find(Question.from_text(text))

    assert (found.verdict, found.topics[0].slug) == ("sure", "associations")
