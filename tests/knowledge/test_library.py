"""Topic files are read whole, and every mistake in them is told with its place and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from okichat.errors import KnowledgeError
from okichat.knowledge.library import Library, load_library
from tests.knowledge.conftest import DETAILS

FRONT = 'title: "Nos tarifs"\nquestions:\n  - Combien ça coûte ?\n'
BODY = "Le devis est gratuit.\n"


def write(folder: Path, text: str | bytes, name: str = "fr/tarifs.md") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def topic_file(front: str = FRONT, body: str = BODY) -> str:
    return f"---\n{front}---\n{body}"


def read(folder: Path, details: Mapping[str, str | None] = DETAILS) -> Library:
    return load_library(folder, {"fr": details, "en": details})


def mistakes_in(folder: Path) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        read(folder)
    return caught.value.mistakes


def test_a_topic_has_everything_its_file_says(tmp_path: Path) -> None:
    front = FRONT + (
        "  - le prix d'un bilan\nsynonyms: [prix, devis]\nlink: https://example.fr/tarifs\n"
        "valid_from: 2026-01-01\nvalid_until: 2026-12-31\n"
    )
    write(tmp_path, topic_file(front, "Le devis est gratuit.\n\n## Comment payer ?\n\n- virement\n- prélèvement\n"))

    topic = read(tmp_path).topic("tarifs", "fr")

    assert topic is not None
    assert (topic.slug, topic.language, topic.title) == ("tarifs", "fr", "Nos tarifs")
    assert topic.questions == ("Combien ça coûte ?", "le prix d'un bilan")
    assert topic.synonyms == ("prix", "devis")
    assert topic.link == "https://example.fr/tarifs"
    assert (topic.valid_from, topic.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert [(part.heading, part.text) for part in topic.sections] == [
        (None, "Le devis est gratuit."),
        ("Comment payer ?", "- virement\n- prélèvement"),
    ]
    assert topic.text == "Le devis est gratuit.\n\n## Comment payer ?\n\n- virement\n- prélèvement"


def test_details_are_filled_in_and_lines_with_an_unset_one_are_left_out(tmp_path: Path) -> None:
    body = "Écrivez à {name}.\n\n## Nous joindre\n\n- au {phone}\n- à {email}\n\n## WhatsApp\n\nSur WhatsApp : {whatsapp}.\n"
    write(tmp_path, topic_file(body=body))

    topic = read(tmp_path, {"name": "Dupont", "phone": None, "email": "a@example.fr", "whatsapp": None}).topic(
        "tarifs", "fr"
    )

    assert topic is not None
    assert topic.text == "Écrivez à Dupont.\n\n## Nous joindre\n\n- à a@example.fr"


def test_a_placeholder_in_a_detail_is_not_filled_in_again(tmp_path: Path) -> None:
    write(tmp_path, topic_file(body="Chez {name}.\n"))

    topic = read(tmp_path, {"name": "{phone}", "phone": "12"}).topic("tarifs", "fr")

    assert topic is not None
    assert topic.text == "Chez {phone}."


def test_notes_and_read_me_files_are_no_topics(tmp_path: Path) -> None:
    for name in ("fr/_note.md", "fr/README.md", "fr/README.fr.md", "README.md", "fr/photo.txt"):
        write(tmp_path, "no topic", name)
    write(tmp_path, topic_file())

    assert [topic.slug for topic in read(tmp_path).topics("fr")] == ["tarifs"]


def test_files_written_on_windows_are_read(tmp_path: Path) -> None:
    write(tmp_path, b"\xef\xbb\xbf" + topic_file().replace("\n", "\r\n").encode())

    topic = read(tmp_path).topic("tarifs", "fr")

    assert topic is not None
    assert topic.text == "Le devis est gratuit."


def test_languages_without_topics_are_not_offered(tmp_path: Path) -> None:
    write(tmp_path, topic_file())

    library = read(tmp_path)

    assert library.languages == ("fr",)
    assert library.topics("en") == ()
    assert library.topic("tarifs", "en") is None


def test_the_version_changes_with_the_text_and_with_the_details(tmp_path: Path) -> None:
    write(tmp_path, topic_file(body="Appelez {name}.\n"))
    first = read(tmp_path)
    assert read(tmp_path).version == first.version
    assert read(tmp_path, {**DETAILS, "name": "Dupont"}).version != first.version
    write(tmp_path, topic_file(body="Appelez donc {name}.\n"))
    assert read(tmp_path).version != first.version


def test_off_topic_examples_are_read_without_comments(tmp_path: Path) -> None:
    write(tmp_path, topic_file())
    write(tmp_path, "# Sport\nqui a gagné le match\n\nquelle météo\n", "fr/_off_topic.txt")

    assert read(tmp_path).off_topic("fr") == ("qui a gagné le match", "quelle météo")
    assert read(tmp_path).off_topic("en") == ()


@pytest.mark.parametrize(
    ("text", "place", "wrong"),
    [
        ("Sans rien.\n", "1", "no front matter"),
        ("---\ntitle: x\n", "1", "no front matter"),
        (topic_file("title: a: b\nquestions:\n  - x\n"), "2", "no valid YAML"),
        (topic_file("title: x\nquestions:\n  - [a\n"), "5", "no valid YAML"),
        (topic_file("title: x\nquestions:\n  - a\x07b\n"), "2", "a character that YAML does not allow"),
        (topic_file("- x\n"), "2", "no fields"),
        (topic_file("questions:\n  - x\n"), "2", "no title"),
        (topic_file("title:\nquestions:\n  - x\n"), "2", "no title"),
        (topic_file("title: x\n"), "2", "no example question"),
        (topic_file("title: x\nquestions:\n"), "2", "no example question"),
        (topic_file("title: x\nquestions: une\n"), "3", "a list is expected"),
        (topic_file("title: [x]\nquestions:\n  - y\n"), "2", "one text is expected"),
        (topic_file("title: x\nquestions:\n  - y\n  - z: 1\n"), "5", "one text is expected"),
        (topic_file(FRONT + "tags: [x]\n"), "5", "unknown field 'tags'"),
        (topic_file(FRONT + "title: encore\n"), "5", "stands here twice"),
        (topic_file(FRONT + "link: example.fr\n"), "5", "is no address"),
        (topic_file(FRONT + "valid_until: 31/12/2026\n"), "5", "is no date"),
        (topic_file(FRONT + "valid_from: 2026-02-30\n"), "5", "is no date"),
        (topic_file(FRONT + "valid_from: 2026-02-01\nvalid_until: 2026-01-01\n"), "6", "before valid_from"),
        (topic_file("title: Chez {name}\nquestions:\n  - x\n"), "2", "placeholder stands in the front matter"),
        (topic_file(body="Appelez.\n\nAu {telephone}.\n"), "8", "unknown placeholder {telephone}"),
        (topic_file(body="\n"), "6", "nothing stands before the first heading"),
        (topic_file(body="{whatsapp_only}\n"), "6", "unknown placeholder"),
        (topic_file(body="## Prix\n\nGratuit.\n"), "6", "nothing stands before the first heading"),
        (topic_file(body="Oui.\n\n## Prix\n\n## Délais\n\nUn jour.\n"), "8", "nothing stands below the heading 'Prix'"),
        (topic_file(FRONT + "  - combien ça coûte\n"), "5", "already asked in fr/tarifs.md:4"),
        (topic_file().encode("latin-1"), "4", "not written in UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str | bytes, place: str, wrong: str) -> None:
    write(tmp_path, text)

    (first, *_) = mistakes_in(tmp_path)

    assert first.startswith(f"fr/tarifs.md:{place}: ")
    assert wrong in first
    assert "; " in first  # the mend


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, topic_file("title: x\n", "{a}\n{b}\n"))
    write(tmp_path, topic_file("tags: x\n"), "en/prices.md")

    found = mistakes_in(tmp_path)

    assert [line.split(" ")[0] for line in found[:3]] == ["fr/tarifs.md:2:", "fr/tarifs.md:4:", "fr/tarifs.md:5:"]
    assert any("en/prices.md:2: unknown field 'tags'" in line for line in found)


def test_a_detail_that_alone_filled_the_lead_is_told_when_it_is_unset(tmp_path: Path) -> None:
    write(tmp_path, topic_file(body="Appelez le {phone}.\n"))

    with pytest.raises(KnowledgeError) as caught:
        read(tmp_path, {**DETAILS, "phone": None})

    assert "without optional details" in caught.value.mistakes[0]


def test_the_same_question_in_two_topics_is_told(tmp_path: Path) -> None:
    write(tmp_path, topic_file(), "fr/devis.md")
    write(tmp_path, topic_file().replace("Combien ça coûte ?", "combien, ça coûte"))

    assert mistakes_in(tmp_path) == [
        "fr/tarifs.md:4: 'combien, ça coûte' is already asked in fr/devis.md:4; remove one of the two"
    ]


def test_a_file_name_that_cannot_be_a_public_name_is_told(tmp_path: Path) -> None:
    write(tmp_path, topic_file(), "fr/Nos Tarifs.md")

    assert "is no public name" in mistakes_in(tmp_path)[0]


def test_a_folder_without_topics_is_told(tmp_path: Path) -> None:
    assert "there is no topic" in mistakes_in(tmp_path)[0]


def test_a_language_that_is_not_answered_in_is_told(tmp_path: Path) -> None:
    write(tmp_path, topic_file())
    write(tmp_path, topic_file(), "de/preise.md")

    assert mistakes_in(tmp_path) == ["de: no answers are given in this language; use fr, en"]


def test_the_shipped_knowledge_has_the_same_topics_in_both_languages(shipped_library: Library) -> None:
    french = [topic.slug for topic in shipped_library.topics("fr")]

    assert len(french) == 23
    assert french == [topic.slug for topic in shipped_library.topics("en")]


def test_every_shipped_topic_has_at_least_forty_example_questions(shipped_library: Library) -> None:
    topics = [topic for language in shipped_library.languages for topic in shipped_library.topics(language)]

    assert [topic.slug for topic in topics if len(topic.questions) < 40] == []


def test_the_shipped_knowledge_reads_well_when_no_optional_detail_is_set() -> None:
    only_required = {name: DETAILS[name] if name in ("name", "hours", "retention_days") else None for name in DETAILS}

    library = load_library(Path(__file__).parents[2] / "knowledge", {"fr": only_required, "en": only_required})

    texts = [topic.text for language in library.languages for topic in library.topics(language)]
    assert all("{" not in text and "None" not in text for text in texts)
