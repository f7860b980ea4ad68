"""The knowledge base answers with the part that answers, and its buttons lead where they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from okichat.answer import Answer, last_answer
from okichat.knowledge.findings import Findings
from okichat.knowledge.library import Library, load_library
from okichat.knowledge.search import Search
from okichat.language import LANGUAGES, detect_language
from okichat.question import MAX_QUESTION_CHARS, Question
from okichat.sentences import Sentences
from okichat.sources.local import Local, NothingFound, OutOfField
from okichat.sources.small_talk import kind_of_small_talk
from tests.knowledge.conftest import search, shipped_library
from tests.knowledge.folders import write_topic

__all__ = ["search", "shipped_library"]


def answer(search: Search, text: str, language: str = "fr") -> Answer:
    question = Question(text, language)
    return last_answer(Local(Sentences()).answer(question, search.find(question)))


def test_the_answer_is_the_section_not_the_whole_topic(search: Search) -> None:
    found = answer(search, "Combien de temps pour créer une SAS ?")

    assert found.text.startswith("**Combien de temps faut-il ?**")
    assert "| SARL ou SAS | 7 à 15 jours |" in found.text
    assert "guichet unique" not in found.text
    assert found.topics == ("creation",)


def test_two_questions_are_answered_shortly_under_the_titles_of_both(search: Search) -> None:
    found = answer(search, "vos tarifs et vos horaires ?")

    assert found.topics == ("horaires", "tarifs")
    assert [line for line in found.text.split("\n") if line.startswith("**")] == [
        "**Nos horaires d'ouverture**",
        "**Nos tarifs**",
    ]
    assert len(found.text) < 700
    assert len(found.suggestions) == 2


def test_a_list_goes_with_the_line_that_announces_it_and_the_rest_stays_out(tmp_path: Path) -> None:
    write_topic(tmp_path, "fr/prix", ("Vos prix ?",), body="Trois formules :\n\n- mois\n- an\n\nLe reste suit.\n")
    write_topic(tmp_path, "fr/lieu", ("Votre adresse ?",), body="À Paris.\n\nAu fond de la cour.\n")
    search = Search(load_library(tmp_path, {}))
    answers = tuple(search.find(Question(text)).answers[0] for text in ("Vos prix ?", "Votre adresse ?"))

    found = last_answer(Local(Sentences()).answer(Question("?"), Findings(answers, (), 0.9, "sure", answers)))

    assert found.text == "**prix**\n\nTrois formules :\n\n- mois\n- an\n\n**lieu**\n\nÀ Paris."


def test_two_equal_topics_are_offered_as_questions(shipped_library: Library) -> None:
    first, second = shipped_library.topics("fr")[:2]
    passages = tuple(Search(shipped_library).find(Question(topic.questions[0])).answers[0] for topic in (first, second))
    close = Findings(passages, (first, second), 0.5, "close", passages)

    found = last_answer(Local(Sentences()).answer(Question("?"), close))

    assert found.suggestions == (first.questions[0], second.questions[0])
    assert found.text.endswith(Sentences()("fr")("close.intro"))
    assert found.topics == (first.slug, second.slug)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_button_leads_to_the_section_it_names(search: Search, shipped_library: Library, language: str) -> None:
    lost = []
    for topic in shipped_library.topics(language):
        for section in topic.sections:
            text = topic.offer(section)
            found = search.find(Question.from_text(text, locale=language))
            is_found = bool(found.answers) and found.answers[0].section == section and found.answers[0].topic == topic
            if not is_found or kind_of_small_talk(text) or detect_language(text, language) != language:
                lost.append((topic.slug, text))

    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_are_short_and_those_for_a_topic_are_questions(shipped_library: Library, language: str) -> None:
    offers = [topic.offer(section) for topic in shipped_library.topics(language) for section in topic.sections]
    leads = [topic.offer(topic.sections[0]) for topic in shipped_library.topics(language)]

    assert max(map(len, offers)) < 80 < MAX_QUESTION_CHARS
    assert [text for text in leads if not text.endswith("?") or not text[0].isupper()] == []


def test_after_a_section_others_of_its_topic_are_offered_but_not_itself(search: Search) -> None:
    found = answer(search, "Combien de temps pour créer une SAS ?")

    assert len(found.suggestions) == 2
    assert all("Combien de temps" not in text for text in found.suggestions)


def test_a_topic_of_two_sections_offers_the_one_that_was_not_given(tmp_path: Path) -> None:
    body = "Tout se demande.\n\n## Vos délais ?\n\nUne semaine.\n\n## Votre adresse ?\n\nÀ Paris.\n"
    write_topic(tmp_path, "fr/maison", ("Vos délais ?", "Votre adresse ?"), body=body)
    library = load_library(tmp_path, {})
    topic = library.topic("maison", "fr")
    assert topic
    _, delays, address = topic.sections
    passage = replace(Search(library).find(Question("Vos délais ?")).answers[0], section=delays)

    found = last_answer(
        Local(Sentences()).answer(Question("?"), Findings((passage,), (topic,), 0.9, "sure", (passage,)))
    )

    assert found.suggestions == (topic.offer(address),)


def test_without_an_answer_it_passes_and_says_whether_that_is_out_of_field(search: Search) -> None:
    with pytest.raises(OutOfField):
        answer(search, "recette du bœuf bourguignon")
    with pytest.raises(NothingFound) as passed:
        answer(search, "azertyuiop")
    assert passed.value.reason == "nothing_found"
