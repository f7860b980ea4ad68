"""The command line itself: both ways to call it, its list of commands, and mistakes that are told in sentences."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from sqlalchemy import insert

from okichat.cli import commands
from okichat.storage.tables import balances, ledger
from tests.doubles.clock import StoppedClock
from tests.served import ROOT, clean_environment
from tests.site import Site

PYTHON = [sys.executable, "-m", "okichat"]
FLASK = [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "okichat"]


def call(command: list[str], *arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(PYTHONPATH=str(ROOT), DATABASE_URL=f"sqlite:///{folder / 'a.db'}", **settings)
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, cwd=folder, env=environment, timeout=120, check=False
    )


def leaves(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from leaves(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


LEAVES = dict(leaves(commands))


def test_the_page_of_commands_has_each_with_an_example_that_names_it() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z ]+)` \| (.+?) \| `python -m okichat (.+?)` \|$", page, re.MULTILINE)

    assert sorted(name for name, _, _ in rows) == sorted(LEAVES)
    assert [name for name, _, example in rows if not f"{example} ".startswith(f"{name} ")] == []


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_example_of_the_page_is_one_that_the_command_understands(name: str, tmp_path: Path) -> None:
    """The options exist; files that an example names need not."""
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    examples = re.findall(rf"`python -m okichat ({name}(?: [^`]*)?)`", page)
    known = {option for parameter in LEAVES[name].params for option in parameter.opts}

    for example in examples:
        assert set(re.findall(r"(?<= )--[a-z]+", example)) <= known | {"--help"}


def test_help_lists_every_command_in_one_line_without_an_app(tmp_path: Path) -> None:
    said = call(PYTHON, "--help", folder=tmp_path, OKICHAT_BUDGET_USD="not a number")

    assert said.returncode == 0, said.stderr
    lines = said.stdout.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in lines] == sorted(commands.commands)
    assert all(re.fullmatch(r"  \w+ +\S.+", line) for line in lines)


@pytest.mark.parametrize("command", [PYTHON, FLASK], ids=["python -m okichat", "flask okichat"])
def test_mistakes_in_the_settings_are_told_in_sentences(command: list[str], tmp_path: Path) -> None:
    said = call(command, "usage", folder=tmp_path, OKICHAT_BUDGET_USD="lots", OKICHAT_RATE_LIMT="1 per minute")

    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "OKICHAT_BUDGET_USD: read 'lots'; write a number" in said.stderr
    assert "did you mean OKICHAT_RATE_LIMIT?" in said.stderr


def test_both_ways_run_the_same_commands_and_no_colour_goes_into_a_file(tmp_path: Path) -> None:
    by_python = call(PYTHON, "ask", "Quels sont vos tarifs ?", folder=tmp_path)
    by_flask = call(FLASK, "ask", "Quels sont vos tarifs ?", folder=tmp_path)

    assert by_python.returncode == 0, by_python.stderr
    assert by_python.stdout == by_flask.stdout
    assert "local · tarifs" in by_python.stdout
    assert "\x1b" not in by_python.stdout


@pytest.mark.parametrize("name", ["usage", "purge", "migrate", "backup", "digest --show", "estimate"])
def test_a_database_that_is_away_is_told_in_a_sentence(
    open_site: Callable[..., Site], tmp_path: Path, name: str
) -> None:
    site = open_site(DATABASE_URL=f"sqlite:///{tmp_path}")

    said = site.app.test_cli_runner().invoke(args=["okichat", *name.split()])

    assert said.exit_code == 1
    assert "the database of DATABASE_URL cannot be used" in said.output


def test_months_are_a_table_for_people_and_for_spreadsheets(open_site: Callable[..., Site]) -> None:
    site = open_site(StoppedClock())
    now = site.parts.clock.now()
    paid = {"at": now, "kind": "settle", "input_tokens": 1000, "cached_input_tokens": 100, "output_tokens": 200}
    with site.parts.store.write() as connection:
        for number, (month, model) in enumerate(
            (("2026-09", "a"), ("2026-10", "a"), ("2026-10", "a"), ("2026-10", "b"))
        ):
            row = {"month": month, "model": model, "spent_change_microusd": 250_000, "reserved_change_microusd": 0}
            connection.execute(insert(ledger), paid | row | {"reservation": str(number)})
    site.parts.budget.correct(-50_000, "given back")
    run = site.app.test_cli_runner()

    table = run.invoke(args=["okichat", "usage", "--months", "2"]).output.splitlines()
    rows = list(csv.DictReader(io.StringIO(run.invoke(args=["okichat", "usage", "--csv"]).output)))

    this_month = site.parts.budget.month().month
    assert [line.split()[:3] for line in table[1:-1]] == [
        [this_month, "(correction)", "0"],
        ["2026-10", "a", "2"],
        ["2026-10", "b", "1"],
    ]
    assert [(row["month"], row["model"], row["spent_usd"]) for row in rows] == [
        (this_month, "(correction)", "-0.050000"),
        ("2026-10", "a", "0.500000"),
        ("2026-10", "b", "0.250000"),
        ("2026-09", "a", "0.250000"),
    ]
    assert (rows[1]["calls"], rows[1]["input_tokens"], rows[1]["output_tokens"]) == ("2", "2000", "400")


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("-h", 0), ("--sql", 2)])
def test_the_script_that_writes_migrations_takes_no_option_for_a_title(word: str, code: int) -> None:
    versions = ROOT / "okichat" / "storage" / "migrations" / "versions"
    before = sorted(os.listdir(versions))

    said = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "migration.py"), word], capture_output=True, text=True, check=False
    )

    assert said.returncode == code
    assert "Run: python scripts/migration.py" in said.stdout + said.stderr
    assert sorted(os.listdir(versions)) == before


def test_after_a_clock_that_was_ahead_one_command_puts_its_spending_into_the_real_month(
    open_site: Callable[..., Site],
) -> None:
    site = open_site(StoppedClock())
    now, this_month = site.parts.clock.now(), site.parts.budget.month().month
    ahead = {
        "at": now,
        "month": "2031-01",
        "kind": "correct",
        "spent_change_microusd": 7,
        "reserved_change_microusd": 0,
    }
    with site.parts.store.write() as connection:
        connection.execute(insert(ledger), ahead)
        connection.execute(insert(balances), {"month": "2031-01", "spent_microusd": 7, "reserved_microusd": 0})
    run = site.app.test_cli_runner()

    without_reason = run.invoke(args=["okichat", "usage", "--trust-clock"])
    said = run.invoke(args=["okichat", "usage", "--trust-clock", "--why", "the clock was ahead", "--verify"])

    assert "--why" in without_reason.output
    assert (said.exit_code, said.output.splitlines()[0]) == (0, "Counted in this month now: 2031-01.")
    assert (site.parts.budget.month().month, site.parts.budget.month().spent_microusd) == (this_month, 7)
