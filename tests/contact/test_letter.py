from __future__ import annotations

from okichat.answer import Answer
from okichat.contact.letter import LetterWriter
from okichat.contact.message import Message
from okichat.contact.messages import Messages
from okichat.conversations.turns import Turns
from okichat.question import Question


def written(messages: Messages, letters: LetterWriter) -> str:
    kept = messages.claim()
    assert kept
    return letters.write(kept).text.replace("\xa0", " ")


def test_a_letter_has_all_that_a_human_needs_to_answer(messages: Messages, letters: LetterWriter) -> None:
    reference = messages.keep(Message("Rappelez-moi.\nMerci", email="camille@exemple.fr", name="Camille"))

    kept = messages.newest(1)[0]
    letter = letters.write(kept)
    assert (letter.reply_to, letter.id) == ("camille@exemple.fr", f"okichat.{reference}")
    assert "Camille" in letter.subject
    assert written(messages, letters).splitlines() == [
        f"Référence : {reference}",
        "Reçu le 23/11/2026 à 10 h 30",
        "Nom : Camille",
        "E-mail : camille@exemple.fr",
        "",
        "Rappelez-moi.",
        "Merci",
    ]


def test_the_conversation_goes_along_with_consent_only(messages: Messages, letters: LetterWriter, turns: Turns) -> None:
    asked = Question.from_text("Quels sont vos tarifs ?")
    turns.open(asked)
    turns.close(asked, Answer("Cela dépend.", "local"))
    messages.keep(Message("Sans", phone="0612345678"), asked.conversation)
    without = written(messages, letters)
    messages.keep(Message("Avec", phone="0612345678", with_conversation=True), asked.conversation)
    attached = written(messages, letters)

    assert without.endswith("\n\nSans")
    assert attached.endswith("\n\nVisiteur : Quels sont vos tarifs ?\n\nAssistant : Cela dépend.")


def test_a_conversation_that_the_retention_has_emptied_is_not_announced(
    messages: Messages, letters: LetterWriter
) -> None:
    messages.keep(Message("Avec", phone="0612345678", with_conversation=True), "c1")

    assert written(messages, letters).endswith("\n\nAvec")
