"""What a model costs, where nobody knows, and what the operator is told at start."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from okichat.money.prices import Price, price_of, shutdown_date, warnings
from okichat.settings import Settings
from tests.served import ROOT

TODAY = date(2026, 11, 22)


def settings(**changes: Any) -> Settings:
    return replace(Settings(openai_api_key="key"), **changes)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gpt-6-luna", (0.10, 0.01, 0.50)),
        ("gpt-5.6-luna", (0.20, 0.02, 1.20)),
        ("gpt-5.4-mini", (0.75, 0.075, 4.50)),
    ],
)
def test_the_table_has_the_published_price(model: str, dollars: tuple[float, float, float]) -> None:
    price = price_of(model, settings())
    assert price is not None
    assert (price.input_usd, price.cached_input_usd, price.output_usd) == dollars
    assert price.version == "2026-11-22"


def test_mistral_s_models_have_mistral_s_prices_at_mistral_s_host_only() -> None:
    price = price_of("mistral-small-latest", settings(openai_base_url="https://api.mistral.ai/v1"))
    assert price is not None
    assert (price.input_usd, price.cached_input_usd, price.output_usd) == (0.15, 0.015, 0.60)
    assert price_of("mistral-small-latest", settings()) is None
    assert price_of("gpt-6-luna", settings(openai_base_url="https://api.mistral.ai/v1")) is None


def test_a_dated_snapshot_is_the_same_model_unless_the_table_has_it_by_itself() -> None:
    assert price_of("gpt-6-luna-2026-09-22", settings()) == price_of("gpt-6-luna", settings())
    old, new = price_of("gpt-4o-2024-05-13", settings()), price_of("gpt-4o", settings())
    assert old is not None
    assert new is not None
    assert old.input_usd > new.input_usd


@pytest.mark.parametrize("model", ["gpt-9", "gpt-6-luna-pro", "ft:gpt-4o-mini:oki::abc", ""])
def test_a_model_outside_the_table_has_no_price(model: str) -> None:
    assert price_of(model, settings()) is None


@pytest.mark.parametrize(
    ("host", "input_usd"),
    [
        ("https://api.openai.com/v1", 0.10),
        ("https://eu.api.openai.com/v1", 0.11),
        ("https://oki.openai.azure.com/openai/v1/", 0.11),
        ("http://127.0.0.1:4000/v1", 0.10),
        ("http://gateway:4000", 0.10),
        ("http://10.0.0.5/v1", 0.10),
        ("https://openrouter.ai/api/v1", None),
        ("https://api.openai.com.example.org/v1", None),
        ("https://notapi.openai.com/v1", None),
        ("https://8.8.8.8/v1", None),
    ],
)
def test_the_table_counts_where_its_prices_are_known_to_hold(host: str, input_usd: float | None) -> None:
    price = price_of("gpt-6-luna", settings(openai_base_url=host))
    assert (price.input_usd if price else None) == input_usd


def test_what_the_operator_says_comes_before_the_table() -> None:
    said = settings(price_input_usd=0.0, price_output_usd=0.0, openai_base_url="https://models.example.org/v1")
    price = price_of("gpt-6-luna", said)
    assert price == Price(0.0, 0.0, 0.0, "settings")


def test_a_second_model_cannot_become_cheap_by_the_first_one_s_price() -> None:
    said = settings(
        openai_model="my-model", price_input_usd=0.0, price_output_usd=0.0, openai_fallback_model="gpt-6-luna"
    )
    price = price_of("gpt-6-luna", said)
    assert price is not None
    assert (price.input_usd, price.output_usd) == (0.10, 0.50)


def test_of_a_second_model_the_dearer_price_counts_for_cached_input_too() -> None:
    said = settings(openai_model="my-model", price_input_usd=5.0, price_output_usd=5.0)
    price = price_of("gpt-6-luna", said)
    assert price is not None
    assert (price.input_usd, price.cached_input_usd, price.output_usd) == (5.0, 5.0, 5.0)


def test_half_a_price_is_no_price() -> None:
    half = settings(price_input_usd=0.0)
    assert price_of("gpt-6-luna", half) is None
    (warning,) = warnings(half, TODAY)
    assert "OKICHAT_PRICE_INPUT and OKICHAT_PRICE_OUTPUT" in warning


def test_cached_and_written_tokens_have_their_own_price() -> None:
    price = Price(1.0, 0.1, 2.0, "test", cache_write_usd=1.25)
    assert price.cost_microusd(1000, 400, 50) == 600 + 40 + 100
    assert price.cost_microusd(1000, 400, 50, cache_write_tokens=600) == 750 + 40 + 100


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # also on a machine with much to do
@given(
    st.integers(0, 300_000),
    st.integers(0, 300_000),
    st.integers(0, 4000),
    st.integers(0, 300_000),
    st.integers(0, 10**9),
)
def test_a_cost_is_never_rounded_down_and_never_above_the_worst_case(
    tokens_in: int, cached: int, tokens_out: int, written: int, thousandths: int
) -> None:
    dollars = thousandths / 1000
    price = Price(dollars, dollars / 10, dollars * 5, "test", cache_write_usd=dollars * 1.25)
    cost = price.cost_microusd(tokens_in, cached, tokens_out, written)

    least = Fraction(str(price.cached_input_usd)) * tokens_in + Fraction(str(price.output_usd)) * tokens_out
    assert least <= cost <= price.worst_case_microusd(tokens_in, tokens_out)


def test_a_tenth_of_a_cent_is_exact() -> None:
    price = price_of("gpt-6-luna", settings())
    assert price is not None
    assert price.cost_microusd(1_000_000, 0, 0) == 100_000
    assert price.cost_microusd(1, 0, 0) == 1


def test_nothing_is_said_about_a_good_model_or_without_a_key() -> None:
    assert warnings(settings(), TODAY) == []
    assert warnings(settings(openai_api_key=None, openai_model="gpt-9"), TODAY) == []


def test_a_model_without_a_price_is_named_at_start_with_the_mend() -> None:
    (warning,) = warnings(settings(openai_model="llama", openai_base_url="http://localhost:11434/v1"), TODAY)
    assert warning.startswith("OPENAI_MODEL: the price of llama at localhost is not known")
    assert "OKICHAT_PRICE_INPUT" in warning


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 10, 11), None),
        (date(2026, 10, 12), "shuts down on 2026-12-11"),
        (date(2026, 12, 11), "was shut down on 2026-12-11"),
    ],
)
def test_sixty_days_before_a_model_is_shut_down_the_operator_is_told(today: date, words: str | None) -> None:
    found = warnings(settings(openai_fallback_model="gpt-5-mini-2025-08-07"), today)
    assert [words in warning for warning in found if words] == ([True] if words else [])
    assert len(found) == (1 if words else 0)


def test_the_announced_shutdown_dates_are_known() -> None:
    assert shutdown_date("gpt-5-nano") == date(2026, 12, 11)
    assert shutdown_date("gpt-4o-mini") == date(2027, 1, 14)
    assert shutdown_date("gpt-6-luna") is None


def test_where_the_package_index_does_not_answer_the_table_stays_and_a_sentence_says_so(tmp_path: Path) -> None:
    for folder in ("scripts", "okichat/money", ".venv/bin", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "prices.sh", tmp_path / "scripts")
    table = tmp_path / "okichat" / "money" / "prices.json"
    table.write_text("as it was")
    python = tmp_path / ".venv" / "bin" / "python"  # makes environments in which pip cannot install anything
    python.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\nprintf \'#!/bin/sh\\nexit 1\\n\' > "$3/bin/python"\nchmod +x "$3/bin/python"\n'
    )
    python.chmod(0o755)

    done = subprocess.run(
        ["sh", str(tmp_path / "scripts" / "prices.sh")],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("The prices stay as they are")
    assert table.read_text() == "as it was"
    assert list((tmp_path / "tmp").iterdir()) == []
