"""What GPT is told, within bounds whatever was said before and however much was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from okichat.content import folder
from okichat.errors import SettingsError
from okichat.knowledge.library import load_library
from okichat.knowledge.search import Search
from okichat.question import Exchange, Question
from okichat.sentences import Sentences
from okichat.sources.prompt import Prompt
from tests.knowledge.folders import write_topic


@pytest.fixture
def prompt() -> Prompt:
    return Prompt([folder("prompts")], "Oki", Sentences())


def test_of_what_was_said_before_the_last_three_exchanges_are_told_and_long_answers_in_part(prompt: Prompt) -> None:
    history = tuple(Exchange(f"Question {number} ?", f"{number} " + "x" * 5000) for number in range(5))

    earlier = prompt.messages(Question("Et encore ?", history=history), ())[1:-1]

    assert [each["content"][:12] for each in earlier[::2]] == ["Question 2 ?", "Question 3 ?", "Question 4 ?"]
    assert [len(each["content"]) for each in earlier[1::2]] == [600] * 3


def test_an_attempt_without_history_says_nothing_of_it(prompt: Prompt) -> None:
    question = Question("Et encore ?", history=(Exchange("Un ?", "Deux."),))

    assert [each["role"] for each in prompt.messages(question, (), with_history=False)] == ["system", "user"]


def test_as_many_passages_are_told_as_fit_and_a_first_one_that_is_too_long_in_part(
    prompt: Prompt, tmp_path: Path
) -> None:
    for name in ("un", "deux", "trois"):
        write_topic(tmp_path, f"fr/{name}", (f"Que dit {name} ?",), body=f"{name} " + "mot " * 400 + "\n")
    search = Search(load_library(tmp_path, {}))
    passages = [search.find(Question(f"Que dit {name} ?")).passages[0] for name in ("un", "deux", "trois")]

    told = prompt.messages(Question("?"), passages)[-1]["content"]
    shorter = prompt.messages(Question("?"), ())[-1]["content"]

    assert "# un" in told
    assert "# deux" not in told
    assert len(told) - len(shorter) <= 2400


def test_a_name_that_the_prompt_does_not_know_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "system.txt").write_text("Réponds pour $company.")

    with pytest.raises(SettingsError, match="company"):
        Prompt([tmp_path, folder("prompts")], "Oki", Sentences())


def test_a_folder_without_a_prompt_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"neither system\.txt nor question\.txt"):
        Prompt([tmp_path, folder("prompts")], "Oki", Sentences())


def test_a_file_that_would_never_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "systeme.txt").write_text("Tu es le conseiller de $firm.")
    (tmp_path / "question.txt").write_text("$passages $question")

    with pytest.raises(SettingsError, match=r"systeme\.txt: no prompt is called so; name it system\.txt"):
        Prompt([tmp_path, folder("prompts")], "Oki", Sentences())
