"""Small facts by name: found by the beginning of their name, and kept once by the first of two processes."""

from __future__ import annotations

from okichat.storage.engine import Store
from okichat.storage.facts import Facts


def test_a_beginning_is_taken_letter_by_letter(store: Store) -> None:
    facts = Facts(store)
    for name in ("a_1", "a_2", "ab1", "%"):
        facts.write(name, name)

    assert facts.starting_with("a_") == {"a_1": "a_1", "a_2": "a_2"}
    assert facts.starting_with("%") == {"%": "%"}


def test_of_two_processes_that_want_to_remember_the_first_one_wins(store: Store) -> None:
    class Late(Facts):
        """Has looked just before the other one wrote."""

        looks = 0

        def read(self, name: str) -> str | None:
            self.looks += 1
            return None if self.looks == 1 else super().read(name)

    assert Facts(store).remember("key", "of the first") == "of the first"

    assert Late(store).remember("key", "of the second") == "of the first"
    assert Facts(store).read("key") == "of the first"


def test_what_is_written_takes_the_place_of_what_was_there_and_can_be_forgotten(store: Store) -> None:
    facts = Facts(store)
    facts.write("name", "one")
    facts.write("name", "two")
    assert facts.read("name") == "two"

    facts.forget(["name", "another"])

    assert facts.read("name") is None
