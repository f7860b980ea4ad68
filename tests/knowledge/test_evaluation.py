"""The figures are counted rightly, the evaluation is fair, and the search stays as good as it was."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from okichat.knowledge.calibration import Evidence, calibration_file, fit, read_calibration
from okichat.knowledge.evaluation import LabelledQuestion, Scores, Share, calibrate, evaluate, read_questions
from okichat.knowledge.library import Library
from okichat.knowledge.search import Search
from okichat.knowledge.words import fold
from okichat.question import Question
from okichat.sources.small_talk import kind_of_small_talk
from tests.knowledge.conftest import ROOT

TUNE = read_questions(ROOT / "tests/evaluation/tune.jsonl")
REPORT = read_questions(ROOT / "tests/evaluation/report.jsonl")
LIKE = 0.7  # of all their different words, this share is in both questions
LEAST_WORDS = 4  # two people who type "prix TVA" have not copied each other


def is_small_talk(question: Question) -> bool:
    return kind_of_small_talk(question.text) is not None


@pytest.fixture(scope="module")
def scores(search: Search) -> Scores:
    return evaluate(search, REPORT, is_small_talk)


def test_the_right_topic_comes_first_for_nine_in_ten(scores: Scores) -> None:
    assert scores.right.value >= 0.9, scores.table()


def test_off_topic_questions_and_injections_are_rejected(scores: Scores) -> None:
    assert scores.rejected.value >= 0.9, scores.table()


def test_few_questions_to_the_firm_are_rejected(scores: Scores) -> None:
    assert scores.wrongly_rejected.value <= 0.06, scores.table()


def test_no_kind_is_left_behind(scores: Scores) -> None:
    weak = {kind: str(share) for kind, share in scores.by_kind().items() if share.value < 0.75 and kind != "small_talk"}

    assert weak == {}


def test_a_high_confidence_is_deserved(scores: Scores) -> None:
    _, share = scores.reliability()[-1]

    assert share.total > 100
    assert share.value >= 0.93


def test_the_evaluation_is_large_split_in_two_and_of_every_kind() -> None:
    kinds = {"plain", "paraphrase", "typos", "sms", "no_accents", "keywords", "long", "follow_up", "english"}
    kinds |= {"small_talk", "off_topic", "injection"}

    assert len(TUNE) + len(REPORT) >= 600
    assert len(TUNE) >= len(REPORT) >= 400
    assert {asked.kind for asked in TUNE} == {asked.kind for asked in REPORT} == kinds
    assert {asked.text for asked in TUNE}.isdisjoint(asked.text for asked in REPORT)


def test_the_labels_are_topics_that_exist(shipped_library: Library) -> None:
    slugs = {topic.slug for topic in shipped_library.topics("fr")}

    assert {topic for asked in TUNE + REPORT for topic in asked.topics} == slugs


def test_no_evaluation_question_is_nearly_an_example(shipped_library: Library) -> None:
    examples = [
        q for language in shipped_library.languages for t in shipped_library.topics(language) for q in t.questions
    ]
    examples += [q for language in shipped_library.languages for q in shipped_library.off_topic(language)]
    known = [(example, _words(example)) for example in examples]

    copies = [
        f"{asked.text} / {example}"
        for asked in TUNE + REPORT
        if len(words := _words(asked.text)) >= LEAST_WORDS
        for example, others in known
        if min(len(words), len(others))
        >= LIKE * max(len(words), len(others))  # else they cannot be alike: quicker told
        and len(words & others) >= LIKE * len(words | others)
    ]

    assert copies == []


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", fold(text)))


def test_shares_come_with_the_interval_of_wilson() -> None:
    assert Share(90, 100).interval == pytest.approx((0.8256, 0.9448), abs=0.0001)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert str(Share(90, 100)) == " 90.0 %  (90 of 100; 83 to 94 %)"


def test_a_wrong_label_shows_in_the_figures_the_confusions_and_the_misses(search: Search) -> None:
    questions = [
        LabelledQuestion("Quels sont vos tarifs ?", "fr", "plain", ("tarifs",)),
        LabelledQuestion("Quels sont vos horaires ?", "fr", "plain", ("tarifs",)),
        LabelledQuestion("Quels sont vos honoraires ?", "fr", "off_topic", ()),
        LabelledQuestion("la recette de la ratatouille", "fr", "plain", ("conseil",)),
        LabelledQuestion("bonjour", "fr", "small_talk", ()),
    ]

    scores = evaluate(search, questions, is_small_talk)

    assert (scores.right.count, scores.right.total) == (1, 3)
    assert scores.wrongly_rejected.count == 1
    assert (scores.rejected.count, scores.rejected.total) == (0, 1)
    assert scores.by_kind()["small_talk"].count == 1
    assert set(scores.confusions()) == {("tarifs", "horaires", 1), ("none", "tarifs", 1), ("conseil", "none", 1)}
    assert len(scores.misses()) == 3
    assert "Quels sont vos horaires ?" in scores.misses()[0]
    assert "wrongly rejected" in scores.table()


def test_small_talk_is_asked_before_the_search(search: Search) -> None:
    asked = LabelledQuestion("Quels sont vos tarifs ?", "fr", "plain", ("tarifs",))

    scores = evaluate(search, [asked], lambda question: True)

    assert scores.outcomes[0].predicted is None
    assert scores.wrongly_rejected.count == 1


def test_the_written_calibration_is_the_one_the_tuning_half_gives(search: Search) -> None:
    """Run `python -m okichat evaluate --calibrate` after a change of the search or of the topics."""
    now, written = calibrate(search, TUNE, date(2026, 1, 1)), read_calibration()

    assert now.unsure_below == pytest.approx(written.unsure_below, abs=0.15)
    assert now.outside_below == pytest.approx(written.outside_below, abs=0.15)
    assert now.confidence(Evidence(1.0, 0.5)) == pytest.approx(written.confidence(Evidence(1.0, 0.5)), abs=0.1)


def test_confidence_follows_what_was_right(tmp_path: Path) -> None:
    rows = [(Evidence(n / 20, n / 40), n > 10) for n in range(40)]

    found = fit(rows, [], date(2026, 11, 22))
    assert read_calibration(tmp_path) == read_calibration()
    found.write(calibration_file(tmp_path))

    assert read_calibration(tmp_path) == found
    assert found.date == "2026-11-22"
    assert found.confidence(Evidence(0.1, 0.05)) < 0.5 < found.confidence(Evidence(1.5, 0.8))


@pytest.mark.parametrize(
    ("elsewhere", "bound"),
    [([-0.5, -0.4], 0.02), ([0.3, 0.35, 0.4, 0.45], 0.4)],  # apart from the questions to the firm; among them
)
def test_the_bound_is_where_neither_sort_of_question_is_given_up(elsewhere: list[float], bound: float) -> None:
    rows = [(Evidence(n / 100, 0.5), True) for n in range(100)]

    found = fit(rows, [Evidence(strength, 0.1) for strength in elsewhere], date(2026, 11, 22))

    assert found.unsure_below == pytest.approx(bound, abs=0.06)
