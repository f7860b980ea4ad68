"""The sentences that a firm writes itself, laid over the shipped ones."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from okichat.content import folder
from okichat.errors import SettingsError
from okichat.sentences import Sentences
from tests.site import Site

PACKAGE = Path(__file__).parent.parent / "okichat"
OWN = """# Ours.
msgid "small_talk.hello"
msgstr ""
"Bienvenue chez "
"%(name)s !"

msgid "refusal.empty"
msgstr "Dites-nous \\"tout\\"."

msgid "page.skip"
msgstr ""
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "fr.po").write_text(OWN, encoding="utf-8")
    return tmp_path / "own"


def mistakes(own: Path, text: str | bytes, name: str = "fr.po") -> list[str]:
    (own / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as raised:
        Sentences(own)
    return [mistake.removeprefix(f"{own}/") for mistake in raised.value.mistakes]


def test_an_own_sentence_is_said_for_the_shipped_one_in_its_language_and_all_others_stay(own: Path) -> None:
    said, shipped = Sentences(own), Sentences()

    assert said("fr")("small_talk.hello", name="Oki") == "Bienvenue chez Oki !"
    assert said("fr")("refusal.empty") == 'Dites-nous "tout".'
    assert said("fr")("page.skip") == shipped("fr")("page.skip"), "an empty one is none"
    assert said("en")("refusal.empty") == shipped("en")("refusal.empty")
    with pytest.raises(KeyError, match="nothing"):
        said("fr")("hours.nothing")


def test_a_file_as_windows_or_a_tool_for_translators_saves_it_is_read(own: Path) -> None:
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n#~ msgid "old"\n#~ msgstr "vieux"\n'
    (own / "fr.po").write_bytes(b"\xef\xbb\xbf" + (head + OWN).replace("\n", "\r\n").encode())

    assert Sentences(own)("fr")("refusal.empty") == 'Dites-nous "tout".'


def test_the_shipped_file_itself_is_a_good_start(own: Path) -> None:
    shipped = (folder("translations") / "fr" / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    (own / "fr.po").write_text(shipped.replace('msgstr "lundi"', 'msgstr "le lundi"'), encoding="utf-8")

    assert Sentences(own)("fr")("hours.day.mo") == "le lundi"
    assert Sentences(own)("fr")("hours.day.tu") == "mardi"


def test_every_mistake_of_every_file_is_told_with_its_line_and_its_mend(own: Path) -> None:
    wrong = """msgid "refusal.to_many"
msgstr "Non."

msgid "refusal.too_many"
msgstr "Dans %(minuts)s min."
msgid "refusal.empty"
msgstr "100 % vide"
msgid "refusal.empty"
msgstr "Vide"
"""
    (own / "es.po").touch()
    (own / "en.po").write_text('msgid "refusal.empty"\nmsgstr Empty\n')

    assert mistakes(own, wrong) == [
        "es.po: no page is in this language; write fr.po or en.po",
        "fr.po:1: there is no sentence refusal.to_many; did you mean refusal.too_many?",
        "fr.po:4: refusal.too_many: there is no %(minuts)s here; it is given %(minutes)s",
        "fr.po:6: refusal.empty: a percent sign stands only in front of what is filled in;"
        " it is given nothing to fill in",
        "fr.po:8: refusal.empty stands in line 6 already; remove one of the two",
        "en.po:2: read 'msgstr Empty'; write msgid and the key, then msgstr and the sentence, both in quotes",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bonjour\n", 1),
        ('"bonjour"\n', 1),
        ('\nmsgid "refusal.empty\nmsgstr "Vide"\n', 2),
        ('msgid "refusal.empty"\nmsgstr "Vi"de"\n', 2),
        ('msgid "refusal.empty"\nmsgstr "Vi\\de"\n', 2),
        ('msgid "refusal.empty"\nmsgid "refusal.spam"\nmsgstr "Vide"\n', 2),
        ('msgid "refusal.empty"\nmsgid_plural "refusal.spam"\nmsgstr[0] "Vide"\n', 2),
        ('msgid "page.skip"\nmsgstr "Ici"\nmsgid "refusal.empty"\n', 3),
        (b'msgid "refusal.empty"\nmsgstr "\xe9"\n', 2),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(own: Path, text: str | bytes, line: int) -> None:
    (told,) = mistakes(own, text)

    assert told.startswith(f"fr.po:{line}: ")


def test_a_folder_without_sentences_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "messages.pot").touch()

    with pytest.raises(SettingsError, match=r"neither fr\.po nor en\.po"):
        Sentences(tmp_path)


def test_pages_programs_and_answers_say_a_sites_own_sentences(open_site: Callable[..., Site], own: Path) -> None:
    site = open_site(OKICHAT_TRANSLATIONS=str(own), OKICHAT_NAME="Oki")

    assert site.ask("bonjour")["response"] == "Bienvenue chez Oki !"
    assert 'Dites-nous "tout".' in site.submit("").get_data(as_text=True)
    assert site.post("").get_json()["error"] == 'Dites-nous "tout".'
    assert "Phrases à vous : 2 (fr)." in site.command("check").output


def test_nobody_else_makes_sentences_so_that_the_sites_own_are_said_everywhere() -> None:
    """`check` of another site's address is the exception: what is set here does not concern it."""
    calls = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentences"
    }

    assert calls == {"assembly/answering.py", "commands/site_checks.py"}
