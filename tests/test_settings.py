"""Settings: read from the environment, mistakes told all at once and without secrets."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from okichat.errors import SettingsError
from okichat.settings import Settings, doubts, read_environment, settings_table, unknown_names

PACKAGE = Path(__file__).parent.parent / "okichat"


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environment({})

    assert (settings.rate_limit, settings.budget_usd, settings.deadline_s) == ("10 per 15 minutes", 20.0, 12.0)
    assert (settings.name, settings.locale, settings.retention_days) == ("Oki Expertise", "fr", 30)


def test_all_mistakes_are_told_at_once_with_name_value_and_mend() -> None:
    mistakes = _mistakes(
        PORT="http", OKICHAT_BUDGET_USD="-1", OKICHAT_TIMEZONE="Mars/Olympus", OKICHAT_RATE_LIMIT="a lot"
    )

    assert [mistake.split(":")[0] for mistake in mistakes] == [
        "PORT",
        "OKICHAT_TIMEZONE",
        "OKICHAT_BUDGET_USD",
        "OKICHAT_RATE_LIMIT",
    ]
    assert "'http'" in mistakes[0]
    assert "from 1 to 65535" in mistakes[0]


def test_a_misspelt_name_gets_a_suggestion() -> None:
    assert "did you mean OKICHAT_BUDGET_USD?" in _mistakes(OKICHAT_BUGDET_USD="5")[0]


def test_a_name_that_resembles_no_setting_stops_nothing() -> None:
    assert list(unknown_names({"OKICHAT_SOMETHING_ELSE": "1"})) == [("OKICHAT_SOMETHING_ELSE", None)]
    assert Settings.from_environment({"OKICHAT_SOMETHING_ELSE": "1"})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
def test_a_secret_is_in_no_mistake(name: str) -> None:
    mistake = _mistakes(**{name: "hunter2://x"[: 11 if name != "SECRET_KEY" else 7]})[0]

    assert "hunter2" not in mistake
    assert name in mistake


def test_a_secret_is_in_no_text_of_the_settings() -> None:
    secrets = {
        "OPENAI_API_KEY": "sk-planted",
        "SECRET_KEY": "planted-planted-planted",
        "DATABASE_URL": "postgres://u:planted@h/d",
    }

    settings = Settings.from_environment(secrets)

    assert "planted" not in repr(settings) + str(settings)


def test_an_empty_value_counts_as_unset() -> None:
    assert Settings.from_environment({"OPENAI_API_KEY": "  ", "PORT": ""}) == Settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgres_address_works(scheme: str) -> None:
    assert (
        Settings.from_environment({"DATABASE_URL": f"{scheme}://u:p@h/d"}).database_url
        == "postgresql+psycopg://u:p@h/d"
    )


@pytest.mark.parametrize(("written", "read"), [("0,5", 0.5), ("12", 12.0), ("1e2", 100.0)])
def test_numbers_are_read_as_people_write_them(written: str, read: float) -> None:
    assert Settings.from_environment({"OKICHAT_BUDGET_USD": written}).budget_usd == read


@pytest.mark.parametrize("written", ["nan", "inf", "-0.1", "vingt", "1 000 000 000"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    assert _mistakes(OKICHAT_BUDGET_USD=written)


@pytest.mark.parametrize(
    ("written", "read"), [("oui", True), ("YES", True), ("1", True), ("non", False), ("off", False)]
)
def test_yes_and_no_are_understood(written: str, read: bool) -> None:
    assert Settings.from_environment({"OKICHAT_LOCAL_FIRST": written}).local_first is read


@pytest.mark.parametrize(
    "origin",
    ["https://www.example.fr/path", "www.example.fr", "javascript:alert(1)", "https://", "https://*.example.fr"],
)
def test_an_origin_is_a_site_and_nothing_more(origin: str) -> None:
    assert _mistakes(OKICHAT_EMBED_ORIGINS=origin)


def test_the_environment_wins_over_env_local_which_wins_over_env(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("OKICHAT_NAME=env\nOPENAI_MODEL=env\nOKICHAT_LOCALE=en\n")
    (tmp_path / ".env.local").write_text("OKICHAT_NAME=local\nOPENAI_MODEL=local\n")
    monkeypatch.setenv("OKICHAT_NAME", "real")

    settings = Settings.from_environment(read_environment(tmp_path))

    assert (settings.name, settings.openai_model, settings.locale) == ("real", "local", "en")


def test_every_setting_is_used_and_explained() -> None:
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    code += (PACKAGE.parent / "gunicorn.conf.py").read_text()
    used = r"(settings|self)\.{0}\b|values\.get\(\"{0}\""

    unused = [spec.name for spec in fields(Settings) if not re.search(used.format(spec.name), code)]

    assert unused == []
    assert all(row.help.endswith((".", ")")) for row in settings_table())


def _mistakes(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    return caught.value.mistakes


SEVERAL = {"REDIS_URL": "redis://127.0.0.1/0", "WEB_CONCURRENCY": "2"}


def test_several_processes_demand_a_key_that_they_share() -> None:
    [mistake] = _mistakes(**SEVERAL)

    assert mistake.startswith("SECRET_KEY: ")
    assert "secrets.token_hex" in mistake
    assert Settings.from_environment({**SEVERAL, "SECRET_KEY": "k" * 16})
    assert Settings.from_environment({**SEVERAL, "WEB_CONCURRENCY": "1"})
    assert Settings.from_environment({"WEB_CONCURRENCY": "2"})  # without Redis exactly one runs


@pytest.mark.parametrize(
    "written",
    ['"sk-planted"', "sk planted", "Bearer sk-planted", "sk-plantéd", "sk-...", "<planted>", "sk-\x07planted"],
)
def test_what_cannot_be_a_key_is_told_at_the_start_and_not_shown(written: str) -> None:
    [mistake] = _mistakes(OPENAI_API_KEY=written)

    assert mistake.startswith("OPENAI_API_KEY: ")
    assert "plant" not in mistake


def test_a_key_that_looks_like_none_of_openais_is_doubted_but_stops_nothing() -> None:
    assert doubts(Settings.from_environment({"OPENAI_API_KEY": "planted"}))
    assert "planted" not in str(doubts(Settings.from_environment({"OPENAI_API_KEY": "planted"})))
    assert not doubts(Settings.from_environment({"OPENAI_API_KEY": "sk-planted"}))
    assert not doubts(
        Settings.from_environment({"OPENAI_API_KEY": "ollama", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})
    )
    assert not doubts(Settings())
