"""`python -m okichat backup` and `restore`: everything comes back, in either database, and no secret leaves."""

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import JSON, Text, cast, func, insert, select, text

from okichat.settings import Settings
from okichat.storage import schema
from okichat.storage.backup import private_file, write_backup
from okichat.storage.engine import Store
from okichat.storage.schema import locked, upgrade
from okichat.storage.tables import alerts, audit, facts, ledger, turns
from tests.doubles.clock import StoppedClock
from tests.doubles.openai_server import OpenAIServer
from tests.servers import PostgresServer
from tests.site import Site
from tests.storage.backups import backup, rows

FIELD, OUTSIDE = "Quels sont vos tarifs ?", "recette de la ratatouille"
SECRETS = {
    "OPENAI_API_KEY": "sk-planted-key-0123456789",
    "SECRET_KEY": "planted-secret-key-0123456789",
    "OKICHAT_ADMIN_PASSWORD": "planted password of the owner",
    "OKICHAT_METRICS_TOKEN": "planted-metrics-token-0123",
    "OKICHAT_SMTP_URL": "smtp://planted-user:planted-mail-word@127.0.0.1:2525",
    "OKICHAT_ALERT_WEBHOOK": "http://127.0.0.1:9/planted-hook",
    "SENTRY_DSN": "http://planted-dsn@127.0.0.1:9/1",
}


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Gives the URL of an empty database of a kind."""
    made: list[str] = []

    def make(kind: str) -> str:
        made.append(kind)
        name = f"{re.sub(r'[^a-z]+', '_', request.node.name)[:40]}_{len(made)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.new_database(name)

    return make


def fill(site: Site) -> None:
    """A little of everything: paid answers, a vote, a message, an alert, and JSON that is null or missing."""
    reply = site.ask(FIELD)
    site.ask(OUTSIDE)
    site.client.post("/feedback", data={"vote": "down", "answer": reply["request_id"]})
    store, now = site.parts.store, site.parts.clock.now()
    with store.write() as connection:
        turn = {"conversation": "b" * 32, "asked_at": now, "language": "fr", "question": "é€😀 \" '"}
        connection.execute(insert(turns), turn | {"id": "a" * 32})
        connection.execute(insert(turns), turn | {"id": "c" * 32, "citations": JSON.NULL})
        connection.execute(insert(audit), {"at": now, "action": "export", "subject": "x", "way": "page"})
        row = {"kind": "quota", "subject": "m", "period": "open", "raised_at": now, "facts": {"n": 1, "é": None}}
        connection.execute(insert(alerts), row | {"state": "sent", "tries": 1, "next_try_at": now})
        connection.execute(insert(facts), {"name": "greeting", "value": "kept"})


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_everything_comes_back_in_the_other_database_and_from_there(
    open_site: Callable[..., Site],
    fresh: Callable[[str], str],
    tmp_path: Path,
    model: OpenAIServer,
    source: str,
    target: str,
) -> None:
    gpt = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url, "OKICHAT_GROUNDING": "off"}
    first = open_site(StoppedClock(), DATABASE_URL=fresh(source), **gpt)
    fill(first)
    wanted = rows(first)
    assert wanted["ledger"]
    assert wanted["turns"]

    second = open_site(DATABASE_URL=fresh(target))
    said = second.command("restore", str(backup(first, tmp_path / "one.zip")))
    third = open_site(DATABASE_URL=fresh(source))
    again = third.command("restore", str(backup(second, tmp_path / "two.zip")))

    assert (said.exit_code, again.exit_code) == (0, 0), said.output + again.output
    assert rows(second) == wanted
    assert rows(third) == wanted
    assert second.parts.budget.verify() == []
    with third.parts.store.read() as connection:
        assert connection.scalar(select(facts.c.value).where(facts.c.name == "greeting")) == "kept"
        texts = select(cast(turns.c.citations, Text)).where(turns.c.id.in_(["a" * 32, "c" * 32])).order_by(turns.c.id)
        assert list(connection.scalars(texts)) == [None, "null"]


def test_numbers_go_on_after_those_that_were_restored(
    open_site: Callable[..., Site], fresh: Callable[[str], str], tmp_path: Path, site: Site
) -> None:
    site.parts.budget.correct(1_000, "first")
    site.parts.budget.correct(1_000, "second")
    target = open_site(DATABASE_URL=fresh("postgres"))
    assert target.command("restore", str(backup(site, tmp_path / "a.zip"))).exit_code == 0

    target.parts.budget.correct(5_000, "third")

    with target.parts.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(ledger)) == 3
    assert target.parts.budget.verify() == []


def test_no_secret_is_in_the_archive_and_only_its_owner_may_read_it(
    open_site: Callable[..., Site], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "fr").mkdir(parents=True)
    (own / "en").mkdir()
    topic = (Path(__file__).parents[2] / "knowledge" / "fr" / "tarifs.md").read_text(encoding="utf-8")
    (own / "fr" / "tarifs.md").write_text(topic, encoding="utf-8")
    (own / ".env").write_text("PASSWORD=planted-hidden-file")
    (tmp_path / "outside.txt").write_text("planted-behind-a-link")
    (own / "fr" / "link.txt").symlink_to(tmp_path / "outside.txt")
    site = open_site(OKICHAT_KNOWLEDGE=str(own), OPENAI_BASE_URL="http://u:planted-in-url@127.0.0.1:9/v1", **SECRETS)
    without = open_site()  # this one keeps its signing key in the store
    with without.parts.store.read() as connection:
        kept = connection.scalar(select(facts.c.value).where(facts.c.name == "secret_key"))
    assert kept

    archive = backup(site, tmp_path / "a.zip")

    with zipfile.ZipFile(archive) as file:
        everything = b"\n".join(file.read(name) for name in file.namelist()).decode()
    assert "planted" not in everything
    assert kept not in everything
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert "# OPENAI_API_KEY was set" in everything
    assert f"OKICHAT_KNOWLEDGE='{own}'" in everything


def test_a_database_that_is_not_empty_is_replaced_only_by_force_and_keeps_its_own_secret(
    open_site: Callable[..., Site], fresh: Callable[[str], str], tmp_path: Path, clock_site: Site
) -> None:
    clock_site.ask(FIELD)
    archive = backup(clock_site, tmp_path / "a.zip")
    later = StoppedClock()
    later.forward(hours=1)
    target = open_site(later, DATABASE_URL=fresh("sqlite"))
    target.ask(OUTSIDE)
    with target.parts.store.write() as connection:
        row = {"at": target.parts.clock.now(), "action": "erase", "subject": "conversation-7", "way": "command"}
        connection.execute(insert(audit), row)
    before, secret = rows(target), target.parts.references

    refused = target.command("restore", str(archive))
    assert refused.exit_code == 1
    assert "not empty" in refused.output
    assert rows(target) == before

    forced = target.command("restore", "--force", str(archive))
    assert forced.exit_code == 0, forced.output
    restored, wanted = rows(target), rows(clock_site)
    (record,) = restored.pop("audit")
    assert wanted.pop("audit") == []
    assert restored == wanted
    assert "'conversation-7'" in record
    assert "erase conversation-7" in forced.output
    same_secret = open_site(DATABASE_URL=target.environment["DATABASE_URL"]).parts.references
    assert same_secret.read(secret.sign("d" * 32)) == "d" * 32


@pytest.fixture
def clock_site(open_site: Callable[..., Site]) -> Site:
    return open_site(StoppedClock())


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_database_is_written_as_it_is_and_comes_back_up_to_date(
    fresh: Callable[[str], str], open_site: Callable[..., Site], tmp_path: Path, kind: str
) -> None:
    url = fresh(kind)
    store = Store(url)
    with locked(store) as connection:
        upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO turns (id, conversation, asked_at, language, question) VALUES (:i, :i, :t, 'fr', 'Vieux')"
            ),
            {"i": "e" * 32, "t": "2026-01-02 03:04:05+00:00" if kind == "postgres" else "2026-01-02 03:04:05.000000"},
        )
    with private_file(tmp_path / "old.zip") as target:
        now = StoppedClock().now()
        manifest = write_backup(target, store, Settings(), now, lambda _rows: None)
    store.close()
    assert manifest.revision == "0001"

    site = open_site(DATABASE_URL=fresh("sqlite"))
    said = site.command("restore", str(tmp_path / "old.zip"))

    assert said.exit_code == 0, said.output
    with site.parts.store.read() as connection:
        found = connection.execute(select(turns)).one()
        assert schema.version_of(connection) == schema.HEAD
    assert (found.question, found.asked_at.isoformat(), found.visitor) == ("Vieux", "2026-01-02T03:04:05+00:00", None)


def test_the_files_come_back_into_a_new_folder(open_site: Callable[..., Site], tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "fr.po").write_text('msgid "page.skip"\nmsgstr "À la question"\n')
    archive = backup(open_site(OKICHAT_TRANSLATIONS=str(own)), tmp_path / "a.zip")
    target = open_site(DATABASE_URL=f"sqlite:///{tmp_path / 'b.db'}")

    said = target.command("restore", "--files", str(tmp_path / "files"), str(archive))

    assert said.exit_code == 0, said.output
    ours = Path(__file__).parents[2]
    for name in ("knowledge/fr/tarifs.md", "knowledge/en/_off_topic.txt"):
        assert (tmp_path / "files" / name).read_bytes() == (ours / name).read_bytes()
    assert (tmp_path / "files" / "prompts" / "system.txt").is_file()
    assert (tmp_path / "files" / "translations" / "fr.po").read_bytes() == (own / "fr.po").read_bytes()
    assert stat.S_IMODE((tmp_path / "files" / "settings.env").stat().st_mode) == 0o600
    full = target.command("restore", "--force", "--files", str(tmp_path / "files"), str(archive))
    assert "not an empty folder" in full.output


def test_a_file_that_is_no_archive_is_told_in_a_sentence(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 nothing")

    said = site.command("restore", str(tmp_path / "x.zip"))

    assert said.exit_code == 1
    assert "is no backup of Okichat" in said.output


def test_a_backup_never_overwrites_a_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("precious")

    said = site.command("backup", str(tmp_path / "a.zip"))

    assert said.exit_code == 1
    assert (tmp_path / "a.zip").read_text() == "precious"


def test_a_backup_can_go_to_standard_output(site: Site, open_site: Callable[..., Site], tmp_path: Path) -> None:
    site.ask(FIELD)

    (tmp_path / "a.zip").write_bytes(site.command("backup", "-").stdout_bytes)
    target = open_site(DATABASE_URL=f"sqlite:///{tmp_path / 'b.db'}")

    assert target.command("restore", str(tmp_path / "a.zip")).exit_code == 0
    assert rows(target)["turns"] == rows(site)["turns"]


def test_a_table_that_the_other_database_lacks_text_for_is_carried_all_the_same(
    open_site: Callable[..., Site], fresh: Callable[[str], str], tmp_path: Path, clock_site: Site
) -> None:
    """SQLite takes a NUL in a text, Postgres does not."""
    row = {"id": "a" * 32, "conversation": "b" * 32, "asked_at": clock_site.parts.clock.now(), "language": "fr"}
    with clock_site.parts.store.write() as connection:
        connection.execute(insert(turns), row | {"question": "avant\x00après"})
    target = open_site(DATABASE_URL=fresh("postgres"))

    said = target.command("restore", str(backup(clock_site, tmp_path / "a.zip")))

    assert said.exit_code == 0, said.output
    with target.parts.store.read() as connection:
        assert connection.scalar(select(turns.c.question)) == "avantaprès"
