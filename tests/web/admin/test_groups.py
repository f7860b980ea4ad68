"""What visitors asked in vain, as the owner works through it: examples, new topics, ignored, and what is written where."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from okichat.knowledge.library import load_library
from okichat.storage.tables import audit, turns
from okichat.web.admin import groups
from tests.doubles.clock import StoppedClock
from tests.knowledge.folders import write_topic
from tests.site import Site
from tests.web.admin.dashboard import PASSWORD, page, sign_in, words

GROUPS = "/admin/questions/groups"
CLUB = "Avez-vous un club de dégustation ?"
AUSTRALIA = "Quelle est la capitale de l'Australie ?"

OpenSite = Callable[..., Site]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A firm's own topics."""
    folder = tmp_path / "fiches"
    write_topic(folder, "fr/tarifs", ("Quels sont vos tarifs ?", "Combien coûte un bilan ?"))
    write_topic(folder, "fr/horaires", ("Quels sont vos horaires ?", "Êtes-vous ouverts le samedi ?"))
    return folder


@pytest.fixture
def owner(open_site: OpenSite, clock: StoppedClock, folder: Path) -> Site:
    """An app over this folder, whose owner is signed in."""
    site = open_site(clock, OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_KNOWLEDGE=str(folder))
    sign_in(site)
    return site


def ask(site: Site, question: str, reason: str = "nothing_found", rung: str = "handoff", **more: object) -> str:
    """A question that was answered in vain; its turn."""
    id, now = secrets.token_hex(8), site.parts.clock.now()
    row = {"id": id, "conversation": "c", "language": "fr", "question": question, "answer": "…", "answered_by": rung}
    passed = [{"source": "local", "reason": reason}]
    with site.parts.store.write() as connection:
        connection.execute(
            insert(turns), {**row, "asked_at": now, "answered_at": now, "passed": passed, "citations": [], **more}
        )
    return id


def deal(site: Site, deed: str, turn: str, **more: str) -> TestResponse:
    return site.client.post(GROUPS, data={"do": deed, "turn": turn, **more})


def handled(site: Site) -> list[str | None]:
    with site.parts.store.read() as connection:
        return list(connection.scalars(select(turns.c.handled).order_by(turns.c.asked_at)))


def trail(site: Site) -> list[tuple[str, str, str]]:
    with site.parts.store.read() as connection:
        return [tuple(row) for row in connection.execute(select(audit.c.action, audit.c.subject, audit.c.way))]


def test_what_was_asked_in_vain_stands_in_groups_by_why(owner: Site) -> None:
    for question in (CLUB, CLUB, "avez vous un club de degustation"):
        ask(owner, question)
    ask(owner, AUSTRALIA, reason="outside")
    ask(owner, "Quels sont vos tarifs ?", rung="local", feedback="down")
    ask(owner, "Quels sont vos horaires ?")  # which the topics answer by now

    shown = words(owner, GROUPS)

    kinds = [shown.index(f'<h2 id="{kind}">') for kind in ("unanswered", "rejected", "thumbs_down")]
    places = [shown.index(text) for text in (CLUB, AUSTRALIA, "Quels sont vos tarifs ?")]
    assert kinds[0] < places[0] < kinds[1] < places[1] < kinds[2] < places[2]
    assert "posée 3 fois" in shown
    assert "Quels sont vos horaires ?</a>" not in shown


def test_with_nothing_to_do_the_screen_says_what_will_appear(owner: Site) -> None:
    assert "Rien à compléter" in words(owner, GROUPS)
    assert "Nothing to complete" in words(owner, f"{GROUPS}?lang=en")


def test_the_likeliest_topic_is_offered_first(owner: Site) -> None:
    ask(owner, "Et le tarif d'un dromadaire de course ?")

    (first, *_) = re.findall(r'<option value="([\w-]+)"', page(owner, GROUPS))

    assert first == "tarifs"


def test_an_example_is_written_into_its_topic_and_the_group_is_gone(owner: Site, folder: Path) -> None:
    ask(owner, CLUB)
    turn = ask(owner, CLUB)

    reply = deal(owner, "example", turn, topic="tarifs")

    assert reply.status_code == 303
    done = words(owner, reply.headers["Location"])
    assert "L'exemple est ajouté à fr/tarifs.md. Il sera pris en compte au prochain démarrage." in done
    assert "Rien à compléter" in done
    topic = load_library(folder, {}).topic("tarifs", "fr")
    assert topic is not None
    assert topic.questions[-1] == CLUB
    assert handled(owner) == ["example", "example"]
    assert trail(owner) == [("group_example", "fr/tarifs.md", "dashboard")]
    assert "Ce groupe est déjà traité." in words(
        owner, deal(owner, "example", turn, topic="tarifs").headers["Location"]
    )


def test_an_example_that_would_confuse_two_topics_is_not_written(owner: Site, folder: Path) -> None:
    before = (folder / "fr" / "tarifs.md").read_bytes()
    turn = ask(owner, "Êtes-vous ouverts le samedi ??", rung="local", feedback="down")

    reply = deal(owner, "example", turn, topic="tarifs")

    assert "La fiche n'a pas été modifiée" in reply.get_data(as_text=True).replace("&#39;", "'")
    assert "is already asked in" in reply.get_data(as_text=True)
    assert (folder / "fr" / "tarifs.md").read_bytes() == before
    assert handled(owner) == [None]
    assert trail(owner) == []


def test_a_topic_whose_examples_stand_in_one_line_is_left_alone(open_site: OpenSite, folder: Path) -> None:
    (folder / "fr" / "paie.md").write_text('---\ntitle: Paie\nquestions: ["La paie ?"]\n---\nOui.\n')
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_KNOWLEDGE=str(folder))
    sign_in(site)
    turn = ask(site, CLUB)

    assert "ne peut pas être complétée d" in deal(site, "example", turn, topic="paie").get_data(as_text=True)
    assert handled(site) == [None]


def test_a_new_topic_is_begun_as_a_draft_that_answers_nobody(owner: Site, folder: Path) -> None:
    turn = ask(owner, CLUB)

    done = words(owner, deal(owner, "topic", turn).headers["Location"])

    assert "Le brouillon fr/_avez-vous-un-club-de-degustation.md est écrit." in done
    assert CLUB in (folder / "fr" / "_avez-vous-un-club-de-degustation.md").read_text()
    assert len(load_library(folder, {}).topics("fr")) == 2
    assert handled(owner) == ["topic"]


HOSTILE = (
    "non\nlink: https://mal.example\nquestions:",
    "--- \n---\nvalid_until: 2020-01-01",
    '"]} & *a !!python/object:os.system',
    "{phone} et {secret} svp",
    "- : # ? | > ' \" % @ ` \\",
    "\u202eelam\u2028title: x\x85y",
    "yes",
)


@pytest.mark.parametrize("question", HOSTILE)
def test_a_visitors_words_become_one_line_of_text_whatever_they_are(owner: Site, folder: Path, question: str) -> None:
    turn = ask(owner, f"{question} dromadaire zébré", rung="local", feedback="down")
    before = yaml.safe_load((folder / "fr" / "tarifs.md").read_text().split("---\n")[1])

    assert deal(owner, "example", turn, topic="tarifs").status_code == 303

    after = yaml.safe_load((folder / "fr" / "tarifs.md").read_text().split("---\n")[1])
    added = after["questions"].pop()
    assert after == before
    assert added.endswith("dromadaire zébré")
    assert "\n" not in added
    assert load_library(folder, {}).topic("tarifs", "fr") is not None


@pytest.mark.parametrize("question", HOSTILE)
def test_a_draft_of_a_visitors_words_has_a_title_and_examples_and_no_more(
    owner: Site, folder: Path, question: str
) -> None:
    deal(owner, "topic", ask(owner, f"{question} dromadaire zébré", rung="local", feedback="down"))

    (path,) = folder.glob("fr/_*.md")
    _, front, body = path.read_text().split("---\n", 2)
    assert set(yaml.safe_load(front)) == {"title", "questions"}
    assert body.strip() == ""
    path.write_text(path.read_text() + "Oui.\n")
    path.rename(path.with_name("dromadaires.md"))
    assert load_library(folder, {}).topic("dromadaires", "fr") is not None


def test_a_folder_that_cannot_be_written_gives_the_file_instead(
    open_site: OpenSite, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNO", "web.1")  # Heroku throws away what is written
    site = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_KNOWLEDGE=str(folder))
    sign_in(site)
    before = (folder / "fr" / "tarifs.md").read_bytes()
    example, topic = ask(site, CLUB), ask(site, "Organisez-vous un apéritif de quartier ?")
    assert "Télécharger la fiche complétée" in page(site, GROUPS)

    completed, draft = deal(site, "example", example, topic="tarifs"), deal(site, "topic", topic)

    assert completed.headers["Content-Disposition"] == 'attachment; filename="tarifs.md"'
    assert CLUB in completed.get_data(as_text=True)
    assert "_organisez-vous-un-aperitif-de-quartier.md" in draft.headers["Content-Disposition"]
    assert (folder / "fr" / "tarifs.md").read_bytes() == before
    assert not list(folder.glob("fr/_*"))
    assert handled(site) == ["example", "topic"]
    assert "Rien à compléter" in words(site, GROUPS)


def test_what_is_ignored_stays_away_until_it_is_recalled(owner: Site) -> None:
    turn = ask(owner, AUSTRALIA, reason="outside")

    done = words(owner, deal(owner, "ignored", turn).headers["Location"])
    ask(owner, AUSTRALIA, reason="outside")

    assert "Ces questions ne vous seront plus proposées." in done
    assert f'name="turn" value="{turn}"' in done
    assert "Rien à compléter" in words(owner, GROUPS)
    assert "de nouveau proposées" in words(owner, deal(owner, "recalled", turn).headers["Location"])
    assert "posée 2 fois" in words(owner, GROUPS)
    assert [action for action, *_ in trail(owner)] == ["group_ignored", "group_recalled"]


def undo(site: Site, done: TestResponse) -> TestResponse:
    """Press the button that stands beside what was done."""
    (form,) = re.findall(r'<div class="done".*?</form>', page(site, done.headers["Location"]), re.DOTALL)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return site.client.post(GROUPS, data=fields)


def test_an_example_is_taken_back_out_of_its_topic_and_the_group_waits_again(owner: Site, folder: Path) -> None:
    path = folder / "fr" / "tarifs.md"
    before = path.read_bytes()
    for question in ("avez vous un club de degustation", CLUB, CLUB, "avez vous un club de dégustation"):
        ask(owner, question)
    turn = ask(owner, "Avez-vous un Club de dégustation")
    added = deal(owner, "example", turn, topic="tarifs")
    assert CLUB in path.read_text()

    done = words(owner, undo(owner, added).headers["Location"])

    assert "L'exemple est retiré de fr/tarifs.md." in done
    assert "posée 5 fois" in done
    assert path.read_bytes() == before
    assert set(handled(owner)) == {None}
    assert [(action, subject) for action, subject, _ in trail(owner)] == [
        ("group_example", "fr/tarifs.md"),
        ("group_withdrawn", "fr/tarifs.md"),
    ]
    assert "Ce groupe est déjà traité." in words(owner, undo(owner, added).headers["Location"])


def test_an_example_is_taken_back_after_the_start_that_made_it_count(
    owner: Site, open_site: OpenSite, folder: Path
) -> None:
    added = deal(owner, "example", ask(owner, CLUB), topic="tarifs")
    address = owner.parts.settings.database_url
    restarted = open_site(OKICHAT_ADMIN_PASSWORD=PASSWORD, OKICHAT_KNOWLEDGE=str(folder), DATABASE_URL=address)
    sign_in(restarted)

    assert "L'exemple est retiré" in words(restarted, undo(restarted, added).headers["Location"])
    assert CLUB not in (folder / "fr" / "tarifs.md").read_text()


def test_of_an_example_that_the_owner_has_changed_since_nothing_is_taken_out(owner: Site, folder: Path) -> None:
    path = folder / "fr" / "tarifs.md"
    added = deal(owner, "example", ask(owner, CLUB), topic="tarifs")
    path.write_text(path.read_text().replace(CLUB, "Et le club ?"))

    done = words(owner, undo(owner, added).headers["Location"])

    assert "L'exemple n'était plus dans fr/tarifs.md : la fiche a été modifiée depuis." in done
    assert "posée une fois" in done
    assert "Et le club ?" in path.read_text()


def test_an_example_without_which_the_topic_could_not_be_read_stays(owner: Site, folder: Path) -> None:
    path = folder / "fr" / "tarifs.md"
    added = deal(owner, "example", ask(owner, CLUB), topic="tarifs")
    path.write_text(path.read_text().replace("  - Quels sont vos tarifs ?\n  - Combien coûte un bilan ?\n", ""))

    refused = html.unescape(undo(owner, added).get_data(as_text=True))

    assert "La fiche n'a pas été modifiée" in refused
    assert CLUB in path.read_text()
    assert handled(owner) == ["example"]


def test_in_a_folder_that_can_no_longer_be_written_the_owner_is_told_which_line_to_take_out(
    owner: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = deal(owner, "example", ask(owner, CLUB), topic="tarifs")
    monkeypatch.setattr(owner.parts.editing, "can_write", lambda language: False)

    refused = html.unescape(undo(owner, added).get_data(as_text=True))

    assert "Enlevez vous-même la question de fr/tarifs.md." in refused
    assert CLUB in (folder / "fr" / "tarifs.md").read_text()
    assert handled(owner) == ["example"]


def test_an_example_that_stood_there_before_is_not_offered_to_be_taken_out(owner: Site) -> None:
    turn = ask(owner, "Quels sont vos tarifs ?", rung="local", feedback="down")

    done = page(owner, deal(owner, "example", turn, topic="tarifs").headers["Location"])

    assert 'role="status"' in done
    assert "withdrawn" not in done


@pytest.mark.parametrize("place", ["", "../x.md", "en/tarifs.md", "fr/../../x.md"])
def test_no_other_file_is_changed_by_an_undo_that_the_page_did_not_make(owner: Site, folder: Path, place: str) -> None:
    turn = ask(owner, CLUB)
    deal(owner, "example", turn, topic="tarifs")

    assert deal(owner, "withdrawn", turn, place=place).status_code == 400
    assert handled(owner) == ["example"]


def test_what_is_asked_again_after_an_example_comes_back(owner: Site) -> None:
    deal(owner, "example", ask(owner, CLUB), topic="tarifs")
    ask(owner, CLUB)

    assert CLUB in words(owner, GROUPS)


@pytest.mark.parametrize(
    ("deed", "turn", "topic"),
    [("erase", "a1", ""), ("", "a1", ""), ("ignored", "", ""), ("ignored", "../x", ""), ("example", None, "../../x")],
)
def test_a_form_that_the_page_did_not_make_changes_nothing(
    owner: Site, folder: Path, deed: str, turn: str | None, topic: str
) -> None:
    known = ask(owner, CLUB)

    assert deal(owner, deed, known if turn is None else turn, topic=topic).status_code == 400
    assert handled(owner) == [None]


def test_neither_another_site_nor_who_is_not_signed_in_can_deal_with_a_group(owner: Site) -> None:
    turn = ask(owner, CLUB)
    form = {"do": "ignored", "turn": turn}

    assert owner.client.post(GROUPS, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    owner.client.post("/admin/sign-out")
    assert owner.client.post(GROUPS, data=form).headers["Location"] == "/admin/sign-in"
    assert handled(owner) == [None]


def test_the_screen_says_nothing_that_its_address_makes_up(owner: Site) -> None:
    shown = page(owner, f"{GROUPS}?done=example&place=<script>&turn=<b>")

    assert "<script>" not in shown
    assert 'role="status"' not in page(owner, f"{GROUPS}?done=everything")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_screen_speaks_both_languages(owner: Site, language: str) -> None:
    ask(owner, CLUB)
    ask(owner, AUSTRALIA, reason="outside")

    for more in ("", *(f"&done={done}&turn=a1&place=fr/_x.md" for done in groups.DONE)):
        text = page(owner, f"{GROUPS}?lang={language}{more}")

        assert not re.search(r"\badmin\.[a-z_]+", re.sub(r'(href|src|action)="[^"]*"', "", text))
