"""What was learned from the topics, kept for the next start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from okichat.knowledge.index import Index
from okichat.knowledge.kept import KeptLearning
from okichat.knowledge.learning import Learned, learn
from okichat.knowledge.library import Library
from okichat.knowledge.words import wording

QUESTIONS = ("Combien coûte un bilan ?", "vos horaires svp", "qelle pieces pour la declaration", "recette de crêpes")


class Learner:
    """Counts how often it had to learn. What it learns is always the same, so once is enough for all tests."""

    def __init__(self, library: Library, learned: Learned) -> None:
        self.library = library
        self.learned = learned
        self.times = 0

    def learn(self) -> Learned:
        self.times += 1
        return self.learned

    def index(self, folder: Path, version: str = "1") -> Index:
        return Index(self.library.topics("fr"), KeptLearning(folder, version).learned("fr", self.learn), "fr")


@pytest.fixture(scope="module")
def learned(shipped_library: Library) -> Learned:
    return learn(shipped_library.topics("fr"), shipped_library.off_topic("fr"), wording("fr"), french=True)


@pytest.fixture
def learner(shipped_library: Library, learned: Learned) -> Learner:
    return Learner(shipped_library, learned)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "__pycache__").glob("*"))


def test_the_next_start_reads_what_the_first_learned_to_the_last_digit(learner: Learner, tmp_path: Path) -> None:
    first, second = learner.index(tmp_path), learner.index(tmp_path)

    assert learner.times == 1
    for question in QUESTIONS:
        words = first.words(question)
        assert second.words(question) == words
        assert second.scores(words) == first.scores(words)
        assert [second.sections(number, words) for number in range(len(second.topics))] == [
            first.sections(number, words) for number in range(len(first.topics))
        ]
        assert [second.is_named(number, words) for number in range(len(second.topics))] == [
            first.is_named(number, words) for number in range(len(first.topics))
        ]


def test_other_topics_are_learned_anew(learner: Learner, tmp_path: Path) -> None:
    learner.index(tmp_path, "1")
    learner.index(tmp_path, "2")

    assert learner.times == 2


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}"])
def test_a_file_that_is_not_whole_is_learned_anew_and_mended(learner: Learner, tmp_path: Path, damage: bytes) -> None:
    learner.index(tmp_path)
    files(tmp_path)[0].write_bytes(damage)

    learner.index(tmp_path)
    learner.index(tmp_path)

    assert learner.times == 2


def test_where_nothing_can_be_written_it_is_learned_at_each_start(learner: Learner, tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("in the way")

    learner.index(tmp_path)
    learner.index(tmp_path)

    assert learner.times == 2


def test_files_of_earlier_topics_go(learner: Learner, tmp_path: Path) -> None:
    learned = learner.learn()
    for version in range(12):
        KeptLearning(tmp_path, str(version)).learned("fr", lambda: learned)

    assert len(files(tmp_path)) == 8
    learner.times = 0
    learner.index(tmp_path, "11")
    assert learner.times == 0


def test_what_was_learned_last_stays_also_after_a_clock_that_was_ahead(learner: Learner, tmp_path: Path) -> None:
    learned = learner.learn()
    for version in range(8):
        KeptLearning(tmp_path, str(version)).learned("fr", lambda: learned)
    for file in files(tmp_path):
        os.utime(file, (4e9, 4e9))
    learner.times = 0

    learner.index(tmp_path, "new")
    learner.index(tmp_path, "new")

    assert (learner.times, len(files(tmp_path))) == (1, 8)
