"""Words that one side uses much more often than the other tell to which of them a text belongs."""

from __future__ import annotations

from okichat.knowledge.belonging import Belonging

OURS = [frozenset({"combien", "bilan"}), frozenset({"votre", "bilan"}), frozenset({"votre", "combien"})]
THEIRS = [frozenset({"combien", "velo"}), frozenset({"prix", "velo"}), frozenset({"le", "velo"})]


def test_words_of_either_side_are_counted_and_shared_or_unknown_ones_are_not() -> None:
    belonging = Belonging(OURS, THEIRS)

    assert belonging.features(frozenset({"combien", "bilan"})) == ["?ours1", "?theirs0"]
    assert belonging.features(frozenset({"votre", "bilan", "velo"})) == ["?ours2", "?theirs1"]
    assert belonging.features(frozenset({"combien", "girafe"})) == ["?ours0", "?theirs0"]


def test_an_example_does_not_vouch_for_its_own_words() -> None:
    assert Belonging(OURS, THEIRS).features(frozenset({"bilan"})) == ["?ours1", "?theirs0"]
    assert Belonging(OURS, THEIRS).features(frozenset({"bilan"}), ours_less=1) == ["?ours1", "?theirs0"]
    assert Belonging(OURS[:1], THEIRS[:1]).features(frozenset({"bilan"}), ours_less=1) == ["?ours0", "?theirs0"]


def test_without_examples_of_one_side_there_is_nothing_to_tell() -> None:
    assert Belonging(OURS, []).features(frozenset({"bilan"})) == []
    assert Belonging([], THEIRS).features(frozenset({"velo"})) == []
